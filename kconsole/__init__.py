"""kconsole: the keyboard-driven maintenance console for kubeadm clusters."""

__version__ = "0.1.0"

"""The screens: keys become intents, state becomes pictures. No knowledge lives here."""

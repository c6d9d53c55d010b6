"""Pictures made of sentences, against the truth: was the sentence followed, and how varied is what it left open?"""

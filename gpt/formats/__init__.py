"""The model as other programs read it: Hugging Face, llama.cpp and Ollama."""

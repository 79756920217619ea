"""The parts that panes are made of: text by the line, Markdown as blocks, code in colours, the agents' voices."""

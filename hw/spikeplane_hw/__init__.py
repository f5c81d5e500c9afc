"""Boards, synthesis and place and route of the generated chip."""

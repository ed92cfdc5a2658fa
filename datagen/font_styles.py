"""The styles of font families: the command line names them before anything heavy is loaded."""

STYLES = ("handwriting", "script", "serif", "sans", "mono", "slab", "display")
HANDWRITING = ("handwriting", "script")  # styles that stand for writing by hand

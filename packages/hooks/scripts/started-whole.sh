
# The controller knows nothing of the node's devices and cgroups.
tell_node() { :; }

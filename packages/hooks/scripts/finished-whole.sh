
tell_node() { :; }

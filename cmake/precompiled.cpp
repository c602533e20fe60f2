// Nothing: what is compiled here are the headers that all sources share, see FLOWCHECK_PRECOMPILE.

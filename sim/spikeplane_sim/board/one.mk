# What Verilator made of a chip and the harness as one compilation, linked as ONE: each part has the same headers, which
# take the compiler longer than all that a small chip is. Read after Verilator's own makefile.
.PHONY: one
one: one.o $(VK_GLOBAL_OBJS)
	$(LINK) $(LDFLAGS) $^ $(LOADLIBES) $(LDLIBS) $(LIBS) -o $(ONE)
one.cpp: $(addsuffix .cpp,$(VM_FAST) $(VM_SLOW) $(VM_USER_CLASSES))
	$(VERILATOR_INCLUDER) $^ > $@

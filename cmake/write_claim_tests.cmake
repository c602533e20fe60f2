# Asks the program for its claims as ctest entries.
# Called with -D PROGRAM=<flowcheck> -D OUT=<folder of the claims' results> -D OUTPUT=<file>.
execute_process(COMMAND ${PROGRAM} list claims --format ctest --scale quick --out ${OUT}
  OUTPUT_VARIABLE tests COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${OUTPUT} "${tests}")

process.stdout.write('navarch: not built\n')

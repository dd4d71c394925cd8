# mclust's side of `dotnet fsi build.fsx bench peers`; needs R and its package mclust.
#
# usage: Rscript mclust_em.R DATA ROWS FEATURES COMPONENTS full ITERATIONS TOLERANCE SECONDS
#
# The words are those of sklearn_em.py; TOLERANCE is not used. mclust starts from responsibilities: here those of the first
# rows as means, with unit covariances and equal weights. A run's time is divided by the number of its iterations.
suppressPackageStartupMessages(library(mclust))

words <- commandArgs(trailingOnly = TRUE)
size <- as.integer(words[2:4])
iterations <- as.integer(words[6])
seconds <- as.numeric(words[8])
stopifnot(words[5] == "full")

x <- matrix(readBin(words[1], "double", size[1] * size[2], endian = "little"), size[1], size[2], byrow = TRUE)
halves <- sapply(seq_len(size[3]), function(k) -0.5 * rowSums(sweep(x, 2, x[k, ])^2))
z <- exp(halves - apply(halves, 1, max))
z <- z / rowSums(z)

times <- c()
begin <- proc.time()[["elapsed"]]
while (length(times) == 0 || proc.time()[["elapsed"]] - begin < seconds) {
  start <- proc.time()[["elapsed"]]
  found <- me(x, "VVV", z, control = emControl(tol = c(0, 0), itmax = c(iterations, iterations)), warn = FALSE)
  times <- c(times, (proc.time()[["elapsed"]] - start) / iterations)
}

cat(sprintf(
  "{\"milliseconds\": %.6f, \"first\": %.6f, \"objective\": %.15g}\n",
  1e3 * min(times), 1e3 * times[1], found$loglik / size[1]
))

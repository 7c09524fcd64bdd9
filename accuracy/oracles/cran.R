# R's package_version.
pairs <- strsplit(readLines(file("stdin")), "\t")
for (pair in pairs) {
  order <- tryCatch(
    { versions <- package_version(pair); sign(compareVersion(as.character(versions[1]), as.character(versions[2]))) },
    error = function(e) NA
  )
  cat(if (is.na(order)) "!" else substr("<=>", order + 2, order + 2), "\n", sep = "")
}

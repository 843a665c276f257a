package virtual

// UseProductionWatchBatch undoes the seam for the size of a watch's batches.
func UseProductionWatchBatch() { watchBatchMaxRevs = productionWatchBatch }

// One cluster a machine: tests that start one must not overlap with the cluster of the collection.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

// Tests here count what the process has open and mounted, which must not change under their hands.
[assembly: CollectionBehavior(DisableTestParallelization = true)]

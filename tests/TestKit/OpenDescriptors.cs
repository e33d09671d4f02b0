namespace Dataplane.TestKit;

/// <summary>Finds file descriptors that were opened and never closed.</summary>
public static class OpenDescriptors
{
    private const int Repetitions = 64;
    private const int Attempts = 5;

    /// <summary>How many descriptors the process has open.</summary>
    public static int Count() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>
    /// Runs a body once to warm up, then 64 times. A leak of one descriptor a run is one in every attempt; what other tests open meanwhile is not.
    /// </summary>
    /// <exception cref="InvalidOperationException">The process has descriptors more than before for at least every other run, each time it was tried.</exception>
    public static void AssertNoLeak(Action body)
    {
        body();
        var more = 0;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var before = Count();
            for (var run = 0; run < Repetitions; run++)
            {
                body();
            }

            more = Count() - before;
            if (more < Repetitions / 2)
            {
                return;
            }
        }

        throw new InvalidOperationException($"{more} more descriptors open after {Repetitions} runs");
    }
}

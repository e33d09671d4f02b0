namespace Dataplane.TestKit;

/// <summary>Finds file descriptors that were opened and never closed.</summary>
public static class OpenDescriptors
{
    private const int Repetitions = 64;

    /// <summary>How many descriptors the process has open.</summary>
    public static int Count() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    /// <summary>
    /// Runs a body once to warm up, then 64 times; a leak of one descriptor a run cannot hide behind what other tests open meanwhile.
    /// </summary>
    /// <exception cref="InvalidOperationException">The process has 64 descriptors more than before.</exception>
    public static void AssertNoLeak(Action body)
    {
        body();
        var before = Count();
        for (var run = 0; run < Repetitions; run++)
        {
            body();
        }

        if (Count() - before is var more && more >= Repetitions)
        {
            throw new InvalidOperationException($"{more} more descriptors open after {Repetitions} runs");
        }
    }
}

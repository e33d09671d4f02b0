using System.Diagnostics;

namespace Dataplane.Functional;

/// <summary>The real kubectl, set to one cluster.</summary>
internal sealed class Kubectl
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>What it is started with: its path, or a program that enters a namespace and then the path.</summary>
    internal IReadOnlyList<string> Command { get; init; } = ["kubectl"];

    /// <summary>A HOME of its own keeps discovery honest.</summary>
    internal required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>What the cluster said so far; shown when something fails.</summary>
    internal required Func<string> ClusterLog { get; init; }

    internal Task<Outcome> TryAsync(params IReadOnlyList<string> arguments) => Programs.RunAsync(Command[0], [.. Command.Skip(1), .. arguments], Environment);

    /// <summary>Fails the test when kubectl fails.</summary>
    internal async Task<string> RunAsync(params IReadOnlyList<string> arguments)
    {
        var outcome = await TryAsync(arguments);
        if (outcome.ExitCode != 0)
        {
            Assert.Fail($"kubectl {string.Join(' ', arguments)}: {outcome}\n--- cluster\n{ClusterLog()}");
        }

        return outcome.Output;
    }

    /// <summary>kubectl must fail.</summary>
    /// <returns>What it says on its error stream.</returns>
    internal async Task<string> RefusedAsync(params IReadOnlyList<string> arguments)
    {
        var outcome = await TryAsync(arguments);
        Assert.True(outcome.ExitCode != 0, $"kubectl {string.Join(' ', arguments)}: {outcome}");
        return outcome.Error;
    }

    /// <summary>Asks again until the answer satisfies; the wait ends after two minutes with the last answer.</summary>
    internal async Task<string> EventuallyAsync(Func<string, bool> satisfied, params IReadOnlyList<string> arguments)
    {
        var started = Stopwatch.StartNew();
        while (true)
        {
            var outcome = await TryAsync(arguments);
            if (outcome.ExitCode == 0 && satisfied(outcome.Output))
            {
                return outcome.Output;
            }

            if (started.Elapsed > Patience)
            {
                Assert.Fail($"kubectl {string.Join(' ', arguments)} never satisfied; last: {outcome}\n--- cluster\n{ClusterLog()}");
            }

            await Task.Delay(200);
        }
    }

    /// <summary>Through a shell, whose line has kubectl in it as <c>"$@"</c>: for pipes and files as its input.</summary>
    internal Task<Outcome> ShellAsync(string line) => Programs.RunAsync("/bin/sh", ["-c", line, "sh", .. Command], Environment);
}

using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Kubelet.Probes;
using Dataplane.Kubelet.Runtimes;
using Dataplane.TestKit;
using NSubstitute;

namespace Dataplane.Kubelet.Tests.Probes;

public sealed class ProbeLoopTests
{
    /// <summary>
    /// What the tries show (s success, w success with a warning, f failure, u cannot be tried) and after which the verdict changes (+ holds, - fails).
    /// The thresholds are two successes and three failures.
    /// </summary>
    [Theory]
    [InlineData("Readiness", "sssfffss", " +   - +")]
    [InlineData("Readiness", "sfsfwws", "     + ")]
    [InlineData("Readiness", "ffffuuuss", "        +")]
    [InlineData("Readiness", "suufss", "     +")]
    [InlineData("Liveness", "ssffsfff", "       -")]
    [InlineData("Liveness", "ffffff", "  ----")]
    [InlineData("Liveness", "ffuf", "   -")]
    [InlineData("Startup", "ffss", "   +")]
    [InlineData("Startup", "fff", "  -")]
    public async Task TheVerdictFollowsTheThresholds(string kind, string tries, string verdicts)
    {
        var seen = await RunAsync(new Probe { PeriodSeconds = 5, SuccessThreshold = 2, FailureThreshold = 3 }, Enum.Parse<ProbeKind>(kind), tries, TimeSpan.FromSeconds(5));
        Assert.Equal(verdicts.TrimEnd().PadRight(tries.Length), seen);
    }

    [Fact]
    public async Task TheInitialDelayCountsFromTheStartOfTheContainer()
    {
        var (time, running) = (new ManualTime(), Substitute.For<IRunningContainer>());
        running.StartedAt.Returns(time.GetUtcNow().AddSeconds(-7));
        var tried = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ending = new CancellationTokenSource();
        var loop = ProbeLoop.RunAsync(
            new Probe { InitialDelaySeconds = 10 }, ProbeKind.Readiness, running,
            _ =>
            {
                tried.TrySetResult();
                return Task.FromResult(ProbeOutcome.Success);
            },
            time, static _ => { }, static _ => { }, ending.Token);

        time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(tried.Task.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));
        await tried.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        await ending.CancelAsync();
        await loop;
    }

    private static async Task<string> RunAsync(Probe probe, ProbeKind kind, string tries, TimeSpan period)
    {
        var (time, running) = (new ManualTime(), Substitute.For<IRunningContainer>());
        running.StartedAt.Returns(time.GetUtcNow());
        var asked = Channel.CreateUnbounded<int>();
        var (count, verdicts) = (0, new char[tries.Length]);
        Array.Fill(verdicts, ' ');
        using var ending = new CancellationTokenSource();
        var loop = ProbeLoop.RunAsync(
            probe, kind, running,
            async cancellation =>
            {
                if (count == tries.Length)
                {
                    await Task.Delay(Timeout.Infinite, cancellation);
                }

                asked.Writer.TryWrite(count);
                return new ProbeOutcome(tries[count++] switch { 's' => ProbeResult.Success, 'w' => ProbeResult.Warning, 'f' => ProbeResult.Failure, _ => ProbeResult.Unknown }, "");
            },
            time, holds => verdicts[count - 1] = holds ? '+' : '-', static _ => { }, ending.Token);
        for (var i = 0; i < tries.Length; i++)
        {
            Assert.Equal(i, await asked.Reader.ReadAsync(TestContext.Current.CancellationToken));

            // Unless it has ended the loop waits for its timer, or soon will: a tick that comes before is kept.
            time.Advance(period);
        }

        await ending.CancelAsync();
        await loop;
        return new string(verdicts);
    }
}

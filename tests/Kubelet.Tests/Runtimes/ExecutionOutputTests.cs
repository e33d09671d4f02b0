using System.Text;
using Dataplane.Kubelet.Runtimes;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Runtimes;

/// <summary>How long the output of a program that has ended is waited for.</summary>
public sealed class ExecutionOutputTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource _all = new();
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public Task TheGraceBeginsAnewWithEverythingThatComes() => Task.Run(
        async () =>
        {
            var output = new ExecutionOutput(100);
            _ = output.Take("before "u8);
            var settled = output.SettleAsync(_all.Task, Grace, _time, _cancellation);
            for (var i = 0; i < 5; i++)
            {
                _ = output.Take(Encoding.ASCII.GetBytes($"{i} "));
                _time.Advance(Grace);
                Assert.False(settled.IsCompleted);
            }

            await SettledAsync(settled);
            Assert.Equal("before 0 1 2 3 4 ", Encoding.ASCII.GetString(output.Kept));
        },
        _cancellation);

    [Fact]
    public async Task NothingIsWaitedForOnceAllIsThereOrNothingMoreIsKept()
    {
        var output = new ExecutionOutput(4);
        _ = output.Take("long"u8);
        _ = output.Take("er"u8);
        await output.SettleAsync(_all.Task, Grace, _time, _cancellation).WaitAsync(Patience, _cancellation);
        Assert.Equal("long"u8.ToArray(), output.Kept);
        _all.SetResult();
        await new ExecutionOutput(4).SettleAsync(_all.Task, Grace, _time, _cancellation).WaitAsync(Patience, _cancellation);
    }

    /// <summary>However late it sees the time pass.</summary>
    private async Task SettledAsync(Task settled)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!settled.IsCompleted)
        {
            _time.Advance(Grace);
            await Task.Delay(1, limit.Token);
        }
    }
}

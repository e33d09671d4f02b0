using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Proxy.Health;
using Dataplane.Proxy.Planning;
using Dataplane.Proxy.Sync;
using Dataplane.Proxy.Tests.Planning;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Sync;

public sealed class SyncLoopTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new(TimeSpan.FromMinutes(2));
    private readonly ManualTime _time = new();
    private readonly RecordingMode _mode = new();
    private readonly SyncState _state;
    private readonly SyncLoop _loop;
    private readonly Task _running;

    public SyncLoopTests()
    {
        _state = new SyncState(_time, "nftables");
        _loop = new SyncLoop(
            new PlanSource("here", new PlanningOptions(), NullLogger.Instance), _mode, new SyncOptions(), _state, _time, NullLogger.Instance);
        _running = Task.Run(() => _loop.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _state.Dispose();
        await _mode.DisposeAsync();
        _stop.Dispose();
    }

    [Fact]
    public async Task NothingIsAppliedBeforeTheCachesHaveSynced()
    {
        Post("10.96.0.1");
        _time.Advance(TimeSpan.FromMinutes(5));
        Sync();

        var (previous, next) = await AppliedAsync();
        Assert.Null(previous);
        Assert.Equal("TCP 10.96.0.1:80 > Reject", PlanText.Of(next));
    }

    [Fact]
    public async Task AChangeWaitsForTheMinimumIntervalUnlessItComesAfterAQuietOne()
    {
        Sync();
        var (_, first) = await AppliedAsync();
        Post("10.96.0.1");
        await UntilQueuedAsync();
        Assert.False(_mode.Applied.TryPeek(out _));

        var waited = AppliedAsync();
        await AdvanceUntilAsync(waited, TimeSpan.FromSeconds(1));
        Assert.Same(first, (await waited).Previous);

        _time.Advance(TimeSpan.FromSeconds(2));
        Post("10.96.0.2");
        Assert.Equal("TCP 10.96.0.2:80 > Reject", PlanText.Of((await AppliedAsync()).Next));
    }

    [Fact]
    public async Task AFailureIsRetriedFromNothing()
    {
        Sync();
        await AppliedAsync();
        _mode.Failures = 2;
        _time.Advance(TimeSpan.FromSeconds(2));
        Post("10.96.0.1");
        var applied = AppliedAsync();
        await AdvanceUntilAsync(applied, TimeSpan.FromSeconds(1));

        var (previous, next) = await applied;
        Assert.Null(previous);
        Assert.Equal("TCP 10.96.0.1:80 > Reject", PlanText.Of(next));
    }

    [Fact]
    public async Task AKernelThatKeepsRefusingMakesTheNodeUnhealthyUntilItGivesWay()
    {
        var health = new HealthServer(_state, TimeSpan.FromSeconds(30), _time);
        Sync();
        await AppliedAsync();
        Assert.True(health.IsHealthy(_state.Snapshot));

        _mode.Failures = int.MaxValue;
        _time.Advance(TimeSpan.FromSeconds(2));
        Post("10.96.0.1");
        await AdvanceUntilAsync(Eventually.HoldsAsync(() => !health.IsHealthy(_state.Snapshot), "the node is unhealthy"), TimeSpan.FromSeconds(1));
        Assert.Equal("the kernel said no", _state.Snapshot.Failure);
        Assert.True(_state.Snapshot.Failures > 1);

        _mode.Failures = 0;
        await AdvanceUntilAsync(Eventually.HoldsAsync(() => health.IsHealthy(_state.Snapshot), "the node is healthy again"), TimeSpan.FromSeconds(1));
        Assert.Equal("TCP 10.96.0.1:80 > Reject", PlanText.Of((await AppliedAsync()).Next));
        Assert.Null(_state.Snapshot.Failure);
    }

    [Fact]
    public async Task AProxyThatHasNotHeardOfAllServicesIsHealthyAndOneThatCannotBeginIsNot()
    {
        var health = new HealthServer(_state, TimeSpan.FromSeconds(30), _time);
        Post("10.96.0.1");
        await UntilQueuedAsync();
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.True(health.IsHealthy(_state.Snapshot));

        _mode.Failures = int.MaxValue;
        Sync();
        await AdvanceUntilAsync(Eventually.HoldsAsync(() => !health.IsHealthy(_state.Snapshot), "the node is unhealthy"), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task ANodeThatIsGoingOrGoneIsNotEligible()
    {
        Tell(null);
        Sync();
        await AppliedAsync();
        Assert.True(_state.Snapshot.NodeEligible);

        Tell(new Node { Metadata = new ObjectMeta { Name = "here" }, Spec = new NodeSpec { Taints = [new() { Key = "ToBeDeletedByClusterAutoscaler", Effect = "NoSchedule" }] } });
        await Eventually.HoldsAsync(() => !_state.Snapshot.NodeEligible, "the node is not eligible");
        Tell(new Node { Metadata = new ObjectMeta { Name = "here" } });
        await Eventually.HoldsAsync(() => _state.Snapshot.NodeEligible, "the node is eligible again");
        Tell(null);
        await Eventually.HoldsAsync(() => !_state.Snapshot.NodeEligible, "a node that is gone is not eligible");

        void Tell(Node? node) => _loop.Changes.TryWrite(new ModelChange.OfNode(_time.GetTimestamp(), node));
    }

    [Fact]
    public async Task AnObjectThatCannotBeReadIsLeftOut()
    {
        Sync();
        await AppliedAsync();
        _loop.Changes.TryWrite(new ModelChange.OfService(_time.GetTimestamp(), new NamespacedName("ns", "bad"), new Service { Spec = null! }));
        Post("10.96.0.1");
        var applied = AppliedAsync();
        await AdvanceUntilAsync(applied, TimeSpan.FromSeconds(1));

        Assert.Equal("TCP 10.96.0.1:80 > Reject", PlanText.Of((await applied).Next));
    }

    [Fact]
    public async Task WhatOthersChangedIsWrittenAgainAtOnce()
    {
        Sync();
        var (_, first) = await AppliedAsync();
        _mode.Intact = false;
        _loop.Changes.TryWrite(new ModelChange.ForeignChange(_time.GetTimestamp()));

        Assert.Equal((null, first), await AppliedAsync());
    }

    [Fact]
    public async Task TheCheckComesWithoutANotificationToo()
    {
        Sync();
        var (_, first) = await AppliedAsync();
        _mode.Intact = false;
        var applied = AppliedAsync();
        await AdvanceUntilAsync(applied, TimeSpan.FromSeconds(30));

        Assert.Equal((null, first), await applied);
    }

    private void Sync() => _loop.Changes.TryWrite(new ModelChange.CachesSynced(_time.GetTimestamp()));

    private void Post(string clusterIP) => _loop.Changes.TryWrite(new ModelChange.OfService(_time.GetTimestamp(), new NamespacedName("ns", "web"), new Service
    {
        Metadata = new ObjectMeta { Namespace = "ns", Name = "web" },
        Spec = new ServiceSpec { ClusterIP = clusterIP, Ports = [new ServicePort { Port = 80 }] },
    }));

    private Task<(ForwardingPlan? Previous, ForwardingPlan Next)> AppliedAsync() => _mode.Applied.ReadAsync(_stop.Token).AsTask();

    private async Task UntilQueuedAsync()
    {
        while (_state.Snapshot.Pending == default)
        {
            await Task.Delay(1, _stop.Token);
        }
    }

    // The loop may not yet wait on the clock when it is moved, so it is moved until the loop has noticed.
    private async Task AdvanceUntilAsync(Task done, TimeSpan step)
    {
        while (!done.IsCompleted)
        {
            _time.Advance(step);
            await Task.WhenAny(done, Task.Delay(5, _stop.Token));
        }
    }

    private sealed class RecordingMode : IProxyMode
    {
        private readonly Channel<(ForwardingPlan?, ForwardingPlan)> _applied = Channel.CreateUnbounded<(ForwardingPlan?, ForwardingPlan)>();

        public string Name => "recording";

        internal ChannelReader<(ForwardingPlan? Previous, ForwardingPlan Next)> Applied => _applied.Reader;

        internal int Failures { get; set; }

        internal bool Intact { get; set; } = true;

        public void Apply(ForwardingPlan? previous, ForwardingPlan next)
        {
            if (Failures > 0)
            {
                Failures--;
                throw new IOException("the kernel said no");
            }

            Intact = true;
            _applied.Writer.TryWrite((previous, next));
        }

        public bool IsIntact() => Intact;

        public void Cleanup()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

using Dataplane.Kubelet.Nodes;
using Dataplane.Kubelet.Runtimes.Cri;
using Dataplane.Kubelet.Runtimes.Cri.V1;
using Dataplane.Kubelet.Runtimes.Docker;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Kubelet.Tests.Runtimes;

/// <summary>What the node says when its runtime is silent or not ready.</summary>
public sealed class RuntimeHealthTests(Engines engines)
{
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task ASilentRuntimeIsDownAfterHalfAMinute()
    {
        await using var cri = new CriRuntime("/nonexistent/cri.sock", "node", null, TimeProvider.System);
        var time = new ManualTime();
        var health = new RuntimeHealth(cri, "node", time, NullLogger.Instance);
        time.Advance(TimeSpan.FromSeconds(30));
        await health.AskAsync(_cancellation);
        Assert.Null(health.NotReady);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("container runtime is down", health.NotReady);
    }

    [Fact]
    public async Task DockerIsReadyWhenItAnswers()
    {
        await using var silent = new DockerRuntime(new DockerRuntimeOptions("/nonexistent/docker.sock", "node", TestImages.Name), TimeProvider.System);
        Assert.StartsWith(
            "container runtime not ready: RuntimeReady=false reason:DockerDaemonNotReady message:docker: failed to get docker version: Cannot connect to the Docker daemon",
            await silent.ProblemAsync(_cancellation));

        await using var docker = new DockerRuntime(new DockerRuntimeOptions(await engines.DockerAsync(), "node", TestImages.Name), TimeProvider.System);
        var time = new ManualTime();
        var health = new RuntimeHealth(docker, "node", time, NullLogger.Instance);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("container runtime is down", health.NotReady);
        await health.AskAsync(_cancellation);
        Assert.Null(health.NotReady);
    }

    [Fact]
    public async Task ContainerdWithANetworkIsReady()
    {
        await using var cri = new CriRuntime(await engines.ContainerdAsync(), "node", engines.Node, TimeProvider.System);
        Assert.Null(await cri.ProblemAsync(_cancellation));
    }

    [Theory]
    [InlineData(true, true, null)]
    [InlineData(true, false, "container runtime network not ready: NetworkReady=false reason:Why message:said so")]
    [InlineData(false, true, "container runtime not ready: RuntimeReady=false reason:Why message:said so")]
    [InlineData(
        false, false,
        "[container runtime not ready: RuntimeReady=false reason:Why message:said so, container runtime network not ready: NetworkReady=false reason:Why message:said so]")]
    [InlineData(true, null, "container runtime network not ready: <nil>")]
    public void WhatIsNotReadyIsSaidInUpstreamsWords(bool runtime, bool? network, string? problem)
    {
        var status = new RuntimeStatus { Conditions = { Condition("RuntimeReady", runtime) } };
        if (network is { } ready)
        {
            status.Conditions.Add(Condition("NetworkReady", ready));
        }

        Assert.Equal(problem, CriConditions.Problem(status));
    }

    private static RuntimeCondition Condition(string type, bool ready) => new() { Type = type, Status = ready, Reason = "Why", Message = "said so" };
}

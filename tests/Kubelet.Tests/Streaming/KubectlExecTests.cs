using Dataplane.Kubelet.Tests.Lifecycle;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Streaming;

/// <summary>The real kubectl's exec, against an API server and an agent in this process.</summary>
public sealed class KubectlExecTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    private readonly Kubectl _kubectl = new(fixture);

    [Fact]
    public async Task AProgramRunsWithItsStreamsAndItsExitCode()
    {
        var name = await StartAsync("kubectl-runs", Shell("main", "sleep 1000"), Shell("other", "mkdir /only-here; echo made; sleep 1000"));
        await fixture.LogWithAsync(name, "made\n", "?container=other");
        var failed = await _kubectl.RunAsync("", "exec", name, "-c", "main", "--", "/bin/sh", "-c", "echo out; echo err >&2; exit 5");
        Assert.Equal((5, "out\n", "err\ncommand terminated with exit code 5\n"), failed);
        Assert.Equal((0, "/only-here\n", ""), await _kubectl.RunAsync("", "exec", name, "-c", "other", "--", "ls", "-d", "/only-here"));
    }

    [Fact]
    public async Task InputIsPassedOnAndEnds()
    {
        var name = await StartAsync("kubectl-reads", Shell("main", "sleep 1000"));
        var input = string.Concat(Enumerable.Range(0, 50_000).Select(line => $"line {line}\n"));
        Assert.Equal((0, input, ""), await _kubectl.RunAsync(input, "exec", "-i", name, "--", "cat"));
    }

    [Theory]
    [InlineData("nobody", "true", 1, "Error from server (BadRequest): container nobody is not valid for pod kubectl-fails-nobody")]
    [InlineData("main", "no-such-program", 1, "exec: \"no-such-program\": executable file not found in $PATH")]
    public async Task WhatCannotRunSaysWhy(string container, string program, int code, string text)
    {
        var name = await StartAsync("kubectl-fails-" + container, Shell("main", "sleep 1000"));
        var failed = await _kubectl.RunAsync("", "exec", name, "-c", container, "--", program);
        Assert.Equal((code, ""), (failed.Code, failed.Output));
        Assert.Contains(text, failed.Error);
    }

    private async Task<string> StartAsync(string name, params Api.Container[] containers)
    {
        await fixture.CreateAsync(Pod(name, containers));
        await fixture.WaitAsync(name, one => one.Status.ContainerStatuses.Count > 0 && one.Status.ContainerStatuses.TrueForAll(status => status.Ready == true));
        return name;
    }
}

using System.Text;
using Dataplane.Kubelet.Runtimes;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Runtimes.RuntimeRig;

namespace Dataplane.Kubelet.Tests.Runtimes;

/// <summary>What the node expects of a runtime, on every runtime there is.</summary>
public abstract class RuntimeTests(RuntimeRig rig) : IAsyncLifetime
{
    private const string UntilTerm = "trap 'echo term; exit 3' TERM; echo up; while :; do sleep 0.05; done";
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => rig.StartAsync();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData("echo out; echo err >&2; exit 0", 0)]
    [InlineData("echo out; echo err >&2; exit 7", 7)]
    [InlineData("echo out; echo err >&2; kill -KILL $$", 137)]
    public async Task WhatAContainerWritesIsLoggedByStreamAndItsEndIsTold(string script, int code)
    {
        // PID 1 of a namespace cannot be killed from inside: a shell below it can.
        var container = await rig.RunAsync(code > 128 ? $"sh -c '{script}'; exit $?" : script);
        var exit = await container.Exit.WaitAsync(Patience, _cancellation);
        Assert.Equal((code, false), (exit.Code, exit.OutOfMemory));

        // Docker takes the time of the start after it, on a busy machine long after.
        Assert.InRange(exit.FinishedAt, container.StartedAt - Patience, container.StartedAt + Patience);
        Assert.True(container.Log.IsClosed);

        // The outer shell says what became of the inner one.
        Assert.Equal(["stderr F err", "stdout F out"], LogLines(container).Where(line => line != "stderr F Killed").Order());
    }

    [Fact]
    public async Task LinesThatAreLongOrUnfinishedAreMarked()
    {
        var container = await rig.RunAsync("head -c 20000 /dev/zero | tr '\\0' x; echo; echo -n end");
        await container.Exit.WaitAsync(Patience, _cancellation);
        var lines = LogLines(container);
        Assert.StartsWith("stdout P xxx", lines[0]);
        Assert.Equal(20000, lines[..^1].Sum(line => line.Count(letter => letter == 'x')));
        Assert.EndsWith(" end", lines[^1]);
    }

    [Fact]
    public async Task CommandArgumentsEnvironmentAndDirectoryComeFromPodAndImage()
    {
        var container = await rig.RunAsync("echo $FROM_IMAGE $FROM_POD $(pwd)", request => request with
        {
            Environment = [new("FROM_POD", "a b")],
        });
        await container.Exit.WaitAsync(Patience, _cancellation);
        Assert.Equal(["stdout F yes a b /work"], LogLines(container));

        // The image's command, with which it does not end.
        var own = await rig.StartContainerAsync(request => request with { Command = [], Arguments = [] });
        Assert.False(own.Exit.IsCompleted);
    }

    [Theory]
    [InlineData("no-such-program", "executable file not found in $PATH")]
    [InlineData("/no/such/program", "no such file or directory")]
    [InlineData("/etc/passwd", "permission denied")]
    public async Task AProgramThatCannotBeExecutedIsNoContainer(string program, string problem)
    {
        var failure = await Assert.ThrowsAsync<ContainerStartException>(
            () => rig.StartContainerAsync(request => request with { Command = [program] }));
        Assert.Contains(problem, failure.Message);
    }

    [Fact]
    public async Task ImagesAreFoundOrNot()
    {
        var image = await rig.Runtime.FindImageAsync(TestImages.Name, _cancellation);
        Assert.Equal(TestImages.Name, image?.Name);
        Assert.NotEmpty(image!.Id);
        Assert.Null(await rig.Runtime.FindImageAsync("dp.test/nothing:1", _cancellation));
        await Assert.ThrowsAsync<ImageException>(() => rig.Runtime.PullImageAsync("dp.invalid/nothing:1", null, _cancellation));
    }

    [Fact]
    public async Task ProgramsRunInAContainer()
    {
        var container = await rig.RunAsync("touch /here; sleep 1000");
        var result = await container.ExecuteAsync(["sh", "-c", "until [ -e /here ]; do sleep 0.01; done; echo $FROM_IMAGE; echo bad >&2; exit 5"], _cancellation);
        Assert.Equal(5, result.ExitCode);
        Assert.Equal(["bad", "yes"], result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
        var failure = await Assert.ThrowsAsync<ContainerStartException>(() => container.ExecuteAsync(["no-such-program"], _cancellation));
        Assert.Contains("executable file not found in $PATH", failure.Message);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => container.ExecuteAsync(["sleep", "1000"], limit.Token));
        Assert.False(container.Exit.IsCompleted);
    }

    [Fact]
    public async Task AProgramHasStreamsOfItsOwn()
    {
        var container = await rig.RunAsync("sleep 1000");
        using var program = await container.StartProgramAsync(new ContainerProgramRequest
        {
            Command = ["sh", "-c", "cat; echo bad >&2; exit 6"],
            Streams = new ProgramStreamsRequest { Input = true, Output = true, Error = true },
        });
        await program.Input!.WriteAsync("typed\n"u8.ToArray(), _cancellation);
        program.Input.End();
        Assert.Equal("typed\n", await ReadAsync(program.Output!));
        Assert.Equal("bad\n", await ReadAsync(program.Error!));
        Assert.Equal(6, (await program.Exit.WaitAsync(Patience, _cancellation)).Code);
    }

    [Fact]
    public async Task AProgramMayHaveATerminalWithASize()
    {
        var container = await rig.RunAsync("sleep 1000");
        using var program = await container.StartProgramAsync(new ContainerProgramRequest
        {
            Command = ["sh", "-c", "until [ \"$(stty size 2>/dev/null)\" = '44 99' ]; do sleep 0.01; done; echo sized; exit 4"],
            Streams = new ProgramStreamsRequest { Input = true, Output = true },
            Terminal = true,
        });
        program.Resize!(new Linux.Processes.TerminalSize(99, 44));
        Assert.Equal("sized\r\n", await ReadAsync(program.Output!));
        Assert.Equal(4, (await program.Exit.WaitAsync(Patience, _cancellation)).Code);
    }

    [Fact]
    public async Task ClientsMayAttachToAContainer()
    {
        var container = await rig.RunAsync("while read line; do echo got $line; done; exit 9", request => request with { Input = true, InputOnce = true });
        using var client = await container.AttachAsync(new ProgramStreamsRequest { Input = true, Output = true, Error = true });
        await client.Input!.WriteAsync("one\ntwo\n"u8.ToArray(), _cancellation);
        client.Input.End();
        Assert.Equal("got one\ngot two\n", await ReadAsync(client.Output!));
        Assert.Equal(9, (await container.Exit.WaitAsync(Patience, _cancellation)).Code);
        Assert.Equal(["stdout F got one", "stdout F got two"], LogLines(container));
    }

    [Fact]
    public async Task AContainerIsAskedToEndAndKilledWhenItDoesNot()
    {
        var polite = await rig.RunAsync(UntilTerm);
        await UntilLoggedAsync(polite, "stdout F up");
        await polite.TerminateAsync(Patience);
        Assert.Equal(3, (await polite.Exit.WaitAsync(Patience, _cancellation)).Code);
        Assert.Equal("stdout F term", LogLines(polite)[^1]);

        var deaf = await rig.RunAsync("trap '' TERM; echo up; while :; do sleep 0.05; done");
        await UntilLoggedAsync(deaf, "stdout F up");
        var asked = deaf.TerminateAsync(Patience);
        await deaf.KillAsync();
        Assert.Equal(137, (await deaf.Exit.WaitAsync(Patience, _cancellation)).Code);
        await asked;

        // What has ended can be asked again.
        await deaf.TerminateAsync(Patience);
        await deaf.KillAsync();
    }

    [Fact]
    public async Task ContainersOfAPodShareNetworkHostNameAndVolumes()
    {
        var file = Path.Combine(rig.Root, "shared");
        await File.WriteAllTextAsync(file, "from outside\n", _cancellation);
        var directory = Directory.CreateDirectory(Path.Combine(rig.Root, "volume")).FullName;
        var first = await rig.RunAsync("cat /etc/shared; echo written > /data/inside; echo no > /ro/inside; hostname; sleep 1000", request => request with
        {
            Volumes =
            [
                new ContainerVolume(file, "/etc/shared", ReadOnly: false), new ContainerVolume(directory, "/data", ReadOnly: false),
                new ContainerVolume(directory, "/ro", ReadOnly: true),
            ],
        });
        await UntilLoggedAsync(first, "stdout F pod-0");
        Assert.Equal("written\n", await File.ReadAllTextAsync(Path.Combine(directory, "inside"), _cancellation));
        Assert.Contains(LogLines(first), line => line.Contains("Read-only file system", StringComparison.Ordinal));
        var link = await first.ExecuteAsync(["stat", "-L", "-c", "%i", "/proc/self/ns/net"], _cancellation);
        var second = await rig.RunAsync("stat -L -c %i /proc/self/ns/net");
        await second.Exit.WaitAsync(Patience, _cancellation);
        Assert.Equal($"stdout F {link.Output.Trim()}", LogLines(second).Single());
    }

    [Fact]
    public async Task AnEndedSandboxTakesItsContainersAlong()
    {
        var container = await rig.RunAsync("sleep 1000");
        await rig.EndPodsAsync();
        Assert.Equal(137, (await container.Exit.WaitAsync(Patience, _cancellation)).Code);
    }

    [Fact]
    public async Task APodMayHaveTheNodesNetwork()
    {
        var sandbox = await rig.SandboxAsync(request => request with { HostNetwork = true });
        Assert.Null(sandbox.Network);
        var container = await rig.RunAsync("stat -L -c %i /proc/self/ns/net; sleep 1000");
        await UntilLoggedAsync(container, $"stdout F {await rig.NodeNetworkAsync()}");
        var pod = Assert.Single(await rig.RestartAsync());
        Assert.NotNull(pod.Sandbox);
        Assert.Null(pod.Sandbox.Network);
    }

    [Fact]
    public async Task NoControlGroupIsLeft()
    {
        await rig.SandboxAsync();
        var containers = new List<IRunningContainer> { await rig.RunAsync("exit 0"), await rig.RunAsync("sleep 1000", request => request with { Name = "other" }) };

        // One that is started by the next agent is not treated in another way.
        await rig.RestartAsync();
        containers.Add(await rig.RunAsync("sleep 1000", request => request with { Name = "third" }));
        if (containers[^1].ProcessId is { } pid)
        {
            Assert.Contains($"/dp-pods/pod{rig.Pod.Uid}/", await File.ReadAllTextAsync($"/proc/{pid}/cgroup", _cancellation));
        }

        await rig.EndPodsAsync();

        string[] names = [$"pod{rig.Pod.Uid}", .. containers.Select(one => one.Id)];
        Assert.DoesNotContain(
            Directory.EnumerateDirectories("/sys/fs/cgroup", "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }),
            path => names.Contains(Path.GetFileName(path)));
    }

    [Fact]
    public async Task UsageIsTold()
    {
        var container = await rig.RunAsync("while :; do :; done");
        using var limit = new CancellationTokenSource(Patience);
        ContainerUsage? usage;
        do
        {
            limit.Token.ThrowIfCancellationRequested();
            usage = await container.UsageAsync(limit.Token);
        }
        while (usage is null or { CpuNanoseconds: 0 } or { WorkingSetBytes: 0 });
        Assert.InRange(usage.CpuNanoseconds, 1, (long)Patience.TotalNanoseconds);
    }

    private async Task<string> ReadAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        return await reader.ReadToEndAsync(_cancellation).WaitAsync(Patience, _cancellation);
    }
}

public sealed class ProcessRuntimeTests(Engines engines) : RuntimeTests(new ProcessRig(engines));

public sealed class DockerRuntimeTests(Engines engines) : RuntimeTests(new DockerRig(engines));

public sealed class CriRuntimeTests(Engines engines) : RuntimeTests(new CriRig(engines));

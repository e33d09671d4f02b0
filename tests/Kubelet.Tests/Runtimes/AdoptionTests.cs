using Dataplane.Kubelet.Runtimes;
using Dataplane.TestKit;
using static Dataplane.Kubelet.Tests.Runtimes.RuntimeRig;

namespace Dataplane.Kubelet.Tests.Runtimes;

/// <summary>What a runtime hands to an agent that follows another, on every runtime there is.</summary>
public abstract class AdoptionTests(RuntimeRig rig) : IAsyncLifetime
{
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => rig.StartAsync();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public async Task AContainerGoesOnAndNothingItWritesIsLost()
    {
        var before = await rig.RunAsync("i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done");
        await UntilLoggedAsync(before, "stdout F 3");
        var address = (await rig.SandboxAsync()).Addresses;
        var pod = Assert.Single(await rig.RestartAsync());
        Assert.Equal(rig.Pod.Uid, pod.Uid);
        Assert.Equal(address, pod.Sandbox!.Addresses);
        var found = Assert.Single(pod.Containers);
        Assert.Equal(("main", 0, before.Id), (found.Name, found.Attempt, found.Container.Id));
        Assert.False(found.Container.Exit.IsCompleted);
        var last = LogLines(found.Container).Length + 10;
        await UntilLoggedAsync(found.Container, $"stdout F {last}");
        Assert.Equal(Enumerable.Range(0, last).Select(number => $"stdout F {number}"), LogLines(found.Container).Take(last));

        var program = await found.Container.ExecuteAsync(["sh", "-c", "echo in; exit 3"], _cancellation);
        Assert.Equal((3, "in\n"), (program.ExitCode, program.Output));
        await found.Container.KillAsync();
        Assert.Equal(137, (await found.Container.Exit.WaitAsync(Patience, _cancellation)).Code);
        await rig.StartContainerAsync(request => request);
    }

    [Fact]
    public async Task AnEndThatNoAgentSawIsTold()
    {
        var gate = Path.Combine(rig.Root, "gate");
        Directory.CreateDirectory(gate);
        var before = await rig.RunAsync("until [ -e /gate/open ]; do sleep 0.02; done; echo last words; exit 42", request => request with
        {
            Volumes = [new ContainerVolume(gate, "/gate", ReadOnly: false)],
        });
        Assert.False(before.Exit.IsCompleted);
        var pod = Assert.Single(await rig.RestartAsync(async () =>
        {
            await File.WriteAllTextAsync(Path.Combine(gate, "open"), "", _cancellation);

            // Nobody is there who would tell of its end.
            await Task.Delay(500, _cancellation);
        }));
        var exit = await Assert.Single(pod.Containers).Container.Exit.WaitAsync(Patience, _cancellation);
        Assert.Equal((42, false, false), (exit.Code, exit.OutOfMemory, exit.IsUnknown));
        Assert.Equal(["stdout F last words"], LogLines(pod.Containers[0].Container));
    }

    [Fact]
    public async Task AnEndThatWasSeenIsToldAgain()
    {
        var before = await rig.RunAsync("echo done; exit 5");
        await before.Exit.WaitAsync(Patience, _cancellation);
        var pod = Assert.Single(await rig.RestartAsync());
        var exit = await Assert.Single(pod.Containers).Container.Exit.WaitAsync(Patience, _cancellation);
        Assert.Equal(5, exit.Code);
        Assert.Equal(["stdout F done"], LogLines(before));
        await rig.EndPodsAsync();
        Assert.Empty(await rig.RestartAsync());
    }
}

public sealed class ProcessAdoptionTests(Engines engines) : AdoptionTests(new ProcessRig(engines));

public sealed class DockerAdoptionTests(Engines engines) : AdoptionTests(new DockerRig(engines));

public sealed class CriAdoptionTests(Engines engines) : AdoptionTests(new CriRig(engines));

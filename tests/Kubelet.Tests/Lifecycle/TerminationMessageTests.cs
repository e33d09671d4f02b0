using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Runtimes;
using static Dataplane.Kubelet.Tests.Lifecycle.NodeFixture;

namespace Dataplane.Kubelet.Tests.Lifecycle;

/// <summary>terminationMessagePath and terminationMessagePolicy.</summary>
public sealed class TerminationMessageTests(NodeFixture fixture) : IClassFixture<NodeFixture>
{
    /// <summary>What a container does, where its message would be, its policy, and the message.</summary>
    public static TheoryData<string, string, string?, string?, string?> Messages => new()
    {
        { "file", "echo -n because > /dev/termination-log; exit 3", null, null, "because" },
        { "elsewhere", "echo -n done > /why", "/why", "File", "done" },
        { "nothing", "echo log; exit 3", null, "File", null },
        { "log", "echo one; echo two >&2; exit 3", null, "FallbackToLogsOnError", "one\ntwo\n" },
        { "success", "echo one", null, "FallbackToLogsOnError", null },
        { "both", "echo log; echo -n file > /dev/termination-log; exit 3", null, "FallbackToLogsOnError", "file" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task AContainerSaysOfItsEnd(string name, string script, string? path, string? policy, string? expected)
    {
        name = "says-" + name;
        var main = Shell("main", script) with { TerminationMessagePath = path, TerminationMessagePolicy = policy, SecurityContext = new SecurityContext { RunAsUser = 1000 } };
        var pod = Pod(name, main);
        await fixture.CreateAsync(pod with { Spec = pod.Spec with { RestartPolicy = "Never" } });

        var ended = await fixture.WaitAsync(name, one => one.Status.ContainerStatuses is [{ State.Terminated: not null }]);

        Assert.Equal(expected, ended.Status.ContainerStatuses[0].State.Terminated!.Message);
    }

    /// <summary>Bytes written, containers of the pod, bytes shown, and whether these are the last.</summary>
    [Theory]
    [InlineData(5000, 1, 4096, true)]
    [InlineData(4096, 3, 4096, true)]
    [InlineData(4000, 12, 1024, false)]
    public async Task ALongMessageIsCut(int written, int containers, int shown, bool isEnd)
    {
        var file = Path.Combine(fixture.Root, "..", Guid.NewGuid().ToString());
        var text = string.Concat(Enumerable.Range(0, written).Select(number => (char)('a' + (number % 26))));
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        var message = await TerminationMessage.ReadAsync(file, "", new Container(), new ContainerExit(1, default), containers);
        Assert.Equal(isEnd ? text[^shown..] : text[..shown], message);
    }

    [Fact]
    public async Task OfALogTheLastLinesAreTaken()
    {
        var log = Path.Combine(fixture.Root, "..", Guid.NewGuid().ToString());
        await File.WriteAllLinesAsync(
            log, Enumerable.Range(0, 100).Select(number => $"2026-11-25T12:00:00.000000000Z stdout F {number}"), TestContext.Current.CancellationToken);
        var container = new Container { TerminationMessagePolicy = "FallbackToLogsOnError" };

        Assert.Equal(string.Concat(Enumerable.Range(20, 80).Select(number => $"{number}\n")), await ReadAsync());

        await File.WriteAllLinesAsync(
            log, Enumerable.Range(0, 100).Select(number => $"2026-11-25T12:00:00.000000000Z stdout F {new string('x', 99)}"), TestContext.Current.CancellationToken);
        Assert.Equal(2048, (await ReadAsync()).Length);

        Task<string> ReadAsync() => TerminationMessage.ReadAsync(log + ".none", log, container, new ContainerExit(0, default, OutOfMemory: true), 1);
    }
}

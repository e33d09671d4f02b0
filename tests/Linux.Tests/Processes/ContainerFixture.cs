using System.Text;
using Dataplane.Linux.Mounts;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Linux.Tests.Processes;

/// <summary>A network namespace with a sandbox in it, and a directory for what containers need.</summary>
internal sealed class ContainerFixture : IDisposable
{
    private const int SIGKILL = 9;

    private readonly string _name = $"dp-t-{Guid.NewGuid():N}"[..15];
    private readonly NetworkNamespace _network;
    private readonly List<ChildProcess> _children = [];
    private int _containers;

    internal ContainerFixture()
    {
        Root = Directory.CreateTempSubdirectory("dp-t-").FullName;
        _network = NetworkNamespace.Create(_name);
        Sandbox = SandboxHolder.Start(_network, "web-0");
        _children.Add(Sandbox);
    }

    internal string Root { get; }
    internal ChildProcess Sandbox { get; }
    internal ProcessMonitor Monitor { get; } = new();

    internal ContainerPlan Plan(string[] arguments, string[]? environment = null, string workingDirectory = "/", params ContainerMount[] mounts) => new()
    {
        Sandbox = Sandbox,
        Root = new ContainerRootPlan
        {
            Layers = ["/"],
            Scratch = Directory.CreateDirectory(Path.Combine(Root, $"c{_containers++}")).FullName,
            Mounts = mounts,
        },
        Program = new ProgramPlan { Arguments = arguments, Environment = environment ?? [], WorkingDirectory = workingDirectory },
    };

    internal ChildProcess Start(ContainerPlan plan, ProgramStreams streams = default)
    {
        var child = ContainerLauncher.Start(plan, streams);
        _children.Add(child);
        return child;
    }

    internal async Task<(ExitStatus Status, string Output)> RunAsync(Func<ProgramStreams, ChildProcess> start)
    {
        using var pipe = Pipe.Create();
        var output = new StringBuilder();
        using var child = start(new ProgramStreams(null, pipe.Writer, pipe.Writer));
        pipe.Writer.Dispose();
        var read = Monitor.ReadAsync(pipe.Reader, bytes =>
        {
            output.Append(Encoding.UTF8.GetString(bytes));
            return null;
        });
        var status = await Monitor.WaitAsync(child).WaitAsync(TimeSpan.FromSeconds(60));
        await read.WaitAsync(TimeSpan.FromSeconds(60));
        return (status, output.ToString());
    }

    internal Task<(ExitStatus Status, string Output)> RunAsync(string[] arguments, params ContainerMount[] mounts) =>
        RunAsync(streams => ContainerLauncher.Start(Plan(arguments, mounts: mounts), streams));

    public void Dispose()
    {
        foreach (var child in _children)
        {
            child.Signal(SIGKILL);
            child.Dispose();
        }

        Monitor.Dispose();
        _network.Dispose();
        NetworkNamespace.Delete(_name);
        Directory.Delete(Root, recursive: true);
    }
}

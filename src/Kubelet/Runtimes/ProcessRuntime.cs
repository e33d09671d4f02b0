using System.Text;
using Dataplane.Linux;
using Dataplane.Linux.Mounts;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>Containers as processes of this machine: Linux namespaces and an overlay, no engine and no helper program.</summary>
internal sealed class ProcessRuntime(
    PodDirectories directories, ImageTable images, NetworkNamespace? node, TimeProvider time) : IContainerRuntime
{
    internal const string NamespacePrefix = "dp-pod-";
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly ProcessMonitor _monitor = new();

    public string Name => "process";

    /// <summary>When a log goes on in another file.</summary>
    internal ContainerLogOptions Logs { get; init; } = new();

    public Task<IReadOnlyList<PodOnMachine>> ListAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<PodOnMachine>>([]);

    public Task<ContainerImagePlan?> FindImageAsync(string image, CancellationToken cancellation) =>
        Task.Run(() => (ContainerImagePlan?)images.Find(image), cancellation);

    /// <summary>There is nowhere to fetch images from: what is not in the table cannot be had.</summary>
    public Task<ContainerImagePlan> PullImageAsync(string image, CancellationToken cancellation) => Task.Run(
        () => (ContainerImagePlan?)images.Find(image)
            ?? throw new ImageException($"failed to resolve image \"{image}\": it is not in the node's image table"),
        cancellation);

    public Task<IPodSandbox> StartSandboxAsync(SandboxRequest request, CancellationToken cancellation) => OffPoolAsync<IPodSandbox>(() =>
    {
        var name = NamespaceName(request.Pod.Uid);
        NetworkNamespace? network = null;
        try
        {
            if (!request.HostNetwork)
            {
                NetworkNamespace.Delete(name);
                network = NetworkNamespace.Create(name);
            }

            var holder = SandboxHolder.Start(network ?? node, request.Hostname);
            Record(request.Pod.Uid, holder);
            return new ProcessSandbox(network, holder, _monitor.WaitAsync(holder));
        }
        catch
        {
            network?.Dispose();
            NetworkNamespace.Delete(name);
            throw;
        }
    });

    public async Task<IRunningContainer> StartContainerAsync(IPodSandbox sandbox, ContainerRequest request, CancellationToken cancellation)
    {
        var program = Program(request);
        if (program.Arguments.Count == 0)
        {
            throw new ContainerStartException($"failed to generate container \"{request.Name}\" spec: no command specified");
        }

        var log = new ContainerLog(request.LogPath, time, Logs);
        try
        {
            var container = await (request.Terminal ? StartOnTerminalAsync(sandbox, request, OnTerminal(program), log) : StartOnPipesAsync(sandbox, request, program, log));
            ((ProcessSandbox)sandbox).Add(container);
            return container;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.Dispose();
            throw new ContainerStartException($"unable to start container process: {failure.Message}", failure);
        }
    }

    public ValueTask DisposeAsync()
    {
        _monitor.Dispose();
        return ValueTask.CompletedTask;
    }

    internal static string NamespaceName(string podUid) => NamespacePrefix + podUid[..8];

    /// <summary>Adds what every container runtime tells a program with a terminal, unless the pod does.</summary>
    internal static ProgramPlan OnTerminal(ProgramPlan program)
    {
        const string variable = "TERM=";
        return program.Environment.Any(one => one.StartsWith(variable, StringComparison.Ordinal))
            ? program
            : program with { Environment = [.. program.Environment, variable + "xterm"] };
    }

    private async Task<ProcessContainer> StartOnPipesAsync(IPodSandbox sandbox, ContainerRequest request, ProgramPlan program, ContainerLog log)
    {
        using var input = request.Input ? Pipe.Create() : null;
        using var output = Pipe.Create();
        using var error = Pipe.Create();
        var process = await OffPoolAsync(() =>
        {
            var started = ContainerLauncher.Start(Plan(sandbox, request, program), new ProgramStreams(input?.Reader, output.Writer, error.Writer));
            Record(request.Pod.Uid, started);
            return started;
        });
        output.Writer.Dispose();
        error.Writer.Dispose();
        var console = new ContainerConsole(log)
        {
            Input = input is null ? null : DescriptorStream.Writing(input.TakeWriter(), _monitor),
            InputOnce = request.InputOnce,
        };
        var written = Task.WhenAll(_monitor.ReadAsync(output.TakeReader(), console.Output), _monitor.ReadAsync(error.TakeReader(), console.Error));
        return new ProcessContainer(process, _monitor, log, console, program, time.GetUtcNow(), time, written);
    }

    private async Task<ProcessContainer> StartOnTerminalAsync(IPodSandbox sandbox, ContainerRequest request, ProgramPlan program, ContainerLog log)
    {
        var (process, terminal) = await OffPoolAsync(() =>
        {
            var started = ContainerLauncher.StartOnTerminal(Plan(sandbox, request, program));
            Record(request.Pod.Uid, started.Process);
            return started;
        });
        var console = new ContainerConsole(log)
        {
            Input = request.Input ? DescriptorStream.Writing(terminal.Duplicate(), _monitor) : null,
            InputOnce = request.InputOnce,
            Terminal = terminal,
        };
        var written = _monitor.ReadAsync(terminal.Duplicate(), console.Output);
        return new ProcessContainer(process, _monitor, log, console, program, time.GetUtcNow(), time, written);
    }

    private ContainerPlan Plan(IPodSandbox sandbox, ContainerRequest request, ProgramPlan program) => new()
    {
        Sandbox = ((ProcessSandbox)sandbox).Holder,
        Root = RootPlan(request),
        Program = program,
    };

    private ContainerRootPlan RootPlan(ContainerRequest request)
    {
        var scratch = directories.Container(request.Pod.Uid, request.Name, request.Attempt);
        Directory.CreateDirectory(scratch);
        var image = (FileImagePlan)request.Image;
        List<ContainerMount> mounts = image.IsHost ? HostImage.Mounts(directories.Root) : [];
        mounts.AddRange(request.Volumes.Select(volume => new ContainerMount.Bind(volume.Source, volume.Target, volume.ReadOnly)));
        return new ContainerRootPlan { Layers = image.Layers, Scratch = scratch, Mounts = mounts };
    }

    private static ProgramPlan Program(ContainerRequest request)
    {
        var environment = new Dictionary<string, string> { ["PATH"] = DefaultPath, ["HOME"] = "/root" };
        var image = (FileImagePlan)request.Image;
        foreach (var (name, value) in image.Environment.Select(Split).Concat(request.Environment))
        {
            environment[name] = value;
        }

        return new ProgramPlan
        {
            Arguments = image.Arguments(request.Command, request.Arguments),
            Environment = [.. environment.Select(pair => $"{pair.Key}={pair.Value}")],
            WorkingDirectory = string.IsNullOrEmpty(request.WorkingDirectory) ? image.WorkingDirectory : request.WorkingDirectory,
        };
    }

    private static KeyValuePair<string, string> Split(string variable) =>
        variable.Split('=', 2) is [var name, var value] ? new(name, value) : new(variable, "");

    /// <summary>Before anybody needs it: a killed agent's successor finds what to end.</summary>
    private void Record(string uid, ChildProcess process)
    {
        Directory.CreateDirectory(directories.Pod(uid));
        File.AppendAllText(directories.Processes(uid), $"{ProcessIdentity.Of(process.Pid)}\n", Encoding.ASCII);
    }

    /// <summary>Launching blocks for milliseconds in vfork and joins; it must not take the pool's few threads when many pods start.</summary>
    private static Task<T> OffPoolAsync<T>(Func<T> body) =>
        Task.Factory.StartNew(body, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}

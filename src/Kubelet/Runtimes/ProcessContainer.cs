using System.Text;
using Dataplane.Linux.Cgroups;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>A container that is a process of this machine.</summary>
internal sealed class ProcessContainer : IRunningContainer
{
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;
    private const int MostOutput = 10 * 1024;

    // How long the output of a program that has ended may stay open, without a byte in it, in processes that it leaves behind.
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(1);

    private readonly ProcessMonitor _monitor;
    private readonly TimeProvider _time;
    private readonly Lazy<Task<ContainerExit>> _exit;

    /// <param name="monitor">Waits for its first process.</param>
    /// <param name="time">Of its end.</param>
    internal ProcessContainer(ProcessMonitor monitor, TimeProvider time)
    {
        (_monitor, _time) = (monitor, time);
        _exit = new Lazy<Task<ContainerExit>>(WaitAsync);
    }

    /// <summary>What the next agent will know of it.</summary>
    internal required ContainerRecord Record { get; init; }

    internal required string RecordPath { get; init; }

    /// <summary>Its first process.</summary>
    internal required ChildProcess Process { get; init; }

    /// <summary>Keeps its descriptors; ended with it.</summary>
    internal required ChildProcess Keeper { get; init; }

    /// <summary>Ended with it.</summary>
    internal required ContainerConsole Console { get; init; }

    /// <inheritdoc cref="Console"/>
    internal required ContainerLog ContainerLog { get; init; }

    /// <summary>Completes when all it wrote has come.</summary>
    internal required Task Written { get; init; }

    /// <summary>Removed with it; null without limits.</summary>
    internal Cgroup? Cgroup { get; init; }

    public string Id => Record.Id;

    public DateTimeOffset StartedAt => Record.StartedAt;

    public int? ProcessId => Process.Pid;

    public IContainerLog Log => ContainerLog;

    public Task<ContainerExit> Exit => _exit.Value;

    public Task TerminateAsync(TimeSpan grace) => SignalAsync(SIGTERM);

    public Task KillAsync() => SignalAsync(SIGKILL);

    public async Task<ExecutionResult> ExecuteAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        using var pipe = Pipe.Create();
        using var child = await LaunchAsync(() => Limited(ContainerLauncher.Execute(
            Process, Record.Program with { Arguments = command }, new ProgramStreams(null, pipe.Writer, pipe.Writer), Record.Credentials)));
        pipe.Writer.Dispose();
        var output = new ExecutionOutput(MostOutput);
        var read = _monitor.ReadAsync(pipe.TakeReader(), output.Take);
        var exit = _monitor.WaitAsync(child);
        using (cancellation.Register(() => child.Signal(SIGKILL)))
        {
            var status = await exit;
            await output.SettleAsync(read, OutputGrace, _time, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return new ExecutionResult(status.Code, Encoding.UTF8.GetString(output.Kept));
        }
    }

    public Task<ContainerProgram> StartProgramAsync(ContainerProgramRequest request) =>
        request.Terminal ? StartOnTerminalAsync(request) : StartOnPipesAsync(request);

    public Task<ContainerProgram> AttachAsync(ProgramStreamsRequest request) => Task.FromResult(Console.Attach(request, ExitStatusAsync()));

    public Task<ContainerUsage?> UsageAsync(CancellationToken cancellation) => Task.FromResult(
        Cgroup?.Usage() is { } usage ? new ContainerUsage(_time.GetUtcNow(), usage.CpuNanoseconds, usage.WorkingSetBytes, usage.Processes) : null);

    public Task ResizeAsync(ContainerResourcePlan plan, CancellationToken cancellation)
    {
        Cgroup?.Set(ProcessPlans.Limits(plan));
        return Task.CompletedTask;
    }

    private async Task<ContainerProgram> StartOnPipesAsync(ContainerProgramRequest request)
    {
        using var input = request.Streams.Input ? Pipe.Create() : null;
        using var output = request.Streams.Output ? Pipe.Create() : null;
        using var error = request.Streams.Error ? Pipe.Create() : null;
        var streams = new ProgramStreams(input?.Reader, output?.Writer, error?.Writer);
        var child = await LaunchAsync(
            () => Limited(ContainerLauncher.Execute(Process, Record.Program with { Arguments = request.Command }, streams, Record.Credentials)));
        return new ContainerProgram(static () => { })
        {
            Input = input is null ? null : InputOf(DescriptorStream.Writing(input.TakeWriter(), _monitor)),
            Output = output is null ? null : DescriptorStream.Reading(output.TakeReader(), _monitor),
            Error = error is null ? null : DescriptorStream.Reading(error.TakeReader(), _monitor),
            Exit = EndOfAsync(child),
        };
    }

    private async Task<ContainerProgram> StartOnTerminalAsync(ContainerProgramRequest request)
    {
        var program = ProcessPlans.OnTerminal(Record.Program with { Arguments = request.Command });
        var (child, terminal) = await LaunchAsync(() => ContainerLauncher.ExecuteOnTerminal(Process, program, Record.Credentials));
        Limited(child);
        return new ContainerProgram(terminal.Dispose)
        {
            Input = request.Streams.Input ? InputOf(DescriptorStream.Writing(terminal.Duplicate(), _monitor)) : null,
            Output = request.Streams.Output ? DescriptorStream.Reading(terminal.Duplicate(), _monitor) : null,
            Resize = terminal.Resize,
            Exit = EndOfAsync(child),
        };
    }

    private static ProgramInput InputOf(DescriptorStream stream) => new(stream.WriteAsync, stream.Dispose);

    /// <summary>Off the pool: it blocks for milliseconds.</summary>
    private static async Task<T> LaunchAsync<T>(Func<T> launch)
    {
        try
        {
            return await Task.Factory.StartNew(launch, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            throw new ContainerStartException($"OCI runtime exec failed: {failure.Message}", failure);
        }
    }

    /// <summary>What is started in it later has the same limits.</summary>
    private ChildProcess Limited(ChildProcess child)
    {
        try
        {
            Cgroup?.Add(child.Pid);
        }
        catch (IOException)
        {
            // It has ended already, or the container has.
        }

        return child;
    }

    private async Task<ExitStatus> EndOfAsync(ChildProcess child)
    {
        using (child)
        {
            return await _monitor.WaitAsync(child);
        }
    }

    private Task SignalAsync(int signal)
    {
        if (!Exit.IsCompleted)
        {
            Process.Signal(signal);
        }

        return Task.CompletedTask;
    }

    private async Task<ExitStatus> ExitStatusAsync() => new((await Exit).Code, 0);

    private async Task<ContainerExit> WaitAsync()
    {
        var status = await _monitor.WaitAsync(Process);
        var now = _time.GetUtcNow();
        Console.ProcessEnded();

        // With a PID namespace that others share, or the machine's, what it has started does not end with it.
        Cgroup?.Kill();
        await Written;
        var outOfMemory = Cgroup?.OutOfMemoryKills() > 0;
        var exit = new ContainerExit(status.Code, now, outOfMemory) { IsUnknown = status.IsUnknown };
        (Record with { Exit = exit }).Write(RecordPath);
        Keeper.Signal(SIGKILL);
        await _monitor.WaitAsync(Keeper);
        ContainerLog.Dispose();
        Console.Dispose();
        Process.Dispose();
        Keeper.Dispose();

        // A program started for exec may be there yet.
        await CgroupRemoval.RunAsync(() => Cgroup?.Remove() != false, _time);
        return exit;
    }
}

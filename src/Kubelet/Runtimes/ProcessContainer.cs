using System.Text;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>A container that is a process of this machine.</summary>
internal sealed class ProcessContainer : IRunningContainer
{
    private const int SIGKILL = 9;
    private const int SIGTERM = 15;
    private const int MostOutput = 10 * 1024;

    // How long the ends of the pipes may stay open in processes that a container leaves behind; its own die with its PID 1.
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(1);

    private readonly ChildProcess _process;
    private readonly ProcessMonitor _monitor;
    private readonly ProgramPlan _program;
    private readonly ContainerConsole _console;
    private readonly ContainerLog _log;
    private readonly TimeProvider _time;

    /// <param name="process">Its first process.</param>
    /// <param name="monitor">Waits for it.</param>
    /// <param name="log">Ended with it.</param>
    /// <param name="console">Ended with it.</param>
    /// <param name="program">What it runs: programs started in it get the same environment.</param>
    /// <param name="startedAt">When it was started.</param>
    /// <param name="time">Of its end.</param>
    /// <param name="written">Completes when all it wrote has come.</param>
    internal ProcessContainer(
        ChildProcess process, ProcessMonitor monitor, ContainerLog log, ContainerConsole console, ProgramPlan program, DateTimeOffset startedAt,
        TimeProvider time, Task written)
    {
        _console = console;
        _process = process;
        _monitor = monitor;
        _program = program;
        StartedAt = startedAt;
        _log = log;
        _time = time;
        Id = Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N");
        Exit = WaitAsync(written);
    }

    public string Id { get; }

    public DateTimeOffset StartedAt { get; }

    public int? ProcessId => _process.Pid;

    public IContainerLog Log => _log;

    public Task<ContainerExit> Exit { get; }

    public Task TerminateAsync(TimeSpan grace) => SignalAsync(SIGTERM);

    public Task KillAsync() => SignalAsync(SIGKILL);

    public async Task<ExecutionResult> ExecuteAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        using var pipe = Pipe.Create();
        using var child = await LaunchAsync(() => ContainerLauncher.Execute(
            _process, _program with { Arguments = command }, new ProgramStreams(null, pipe.Writer, pipe.Writer)));
        pipe.Writer.Dispose();
        var output = new MemoryStream();
        var read = _monitor.ReadAsync(pipe.TakeReader(), bytes =>
        {
            output.Write(bytes[..Math.Min(bytes.Length, MostOutput - (int)output.Length)]);
            return null;
        });
        var exit = _monitor.WaitAsync(child);
        using (cancellation.Register(() => child.Signal(SIGKILL)))
        {
            var status = await exit;
            await Task.WhenAny(read, Task.Delay(OutputGrace, CancellationToken.None));
            cancellation.ThrowIfCancellationRequested();
            return new ExecutionResult(status.Code, Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length));
        }
    }

    public Task<ContainerProgram> StartProgramAsync(ContainerProgramRequest request) =>
        request.Terminal ? StartOnTerminalAsync(request) : StartOnPipesAsync(request);

    public Task<ContainerProgram> AttachAsync(ProgramStreamsRequest request) => Task.FromResult(_console.Attach(request, ExitStatusAsync()));

    public Task<ContainerUsage?> UsageAsync(CancellationToken cancellation) => Task.FromResult<ContainerUsage?>(null);

    private async Task<ContainerProgram> StartOnPipesAsync(ContainerProgramRequest request)
    {
        using var input = request.Streams.Input ? Pipe.Create() : null;
        using var output = request.Streams.Output ? Pipe.Create() : null;
        using var error = request.Streams.Error ? Pipe.Create() : null;
        var streams = new ProgramStreams(input?.Reader, output?.Writer, error?.Writer);
        var child = await LaunchAsync(() => ContainerLauncher.Execute(_process, _program with { Arguments = request.Command }, streams));
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
        var program = ProcessRuntime.OnTerminal(_program with { Arguments = request.Command });
        var (child, terminal) = await LaunchAsync(() => ContainerLauncher.ExecuteOnTerminal(_process, program));
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
            _process.Signal(signal);
        }

        return Task.CompletedTask;
    }

    private async Task<ExitStatus> ExitStatusAsync() => new((await Exit).Code, 0);

    private async Task<ContainerExit> WaitAsync(Task output)
    {
        var status = await _monitor.WaitAsync(_process);
        var now = _time.GetUtcNow();
        _console.ProcessEnded();
        await output;
        _log.Dispose();
        _console.Dispose();
        _process.Dispose();
        return new ContainerExit(status.Code, now);
    }
}

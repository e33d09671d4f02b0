using System.Text;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>A container that is a process of this machine.</summary>
internal sealed class ProcessContainer : IRunningContainer
{
    private const int SIGKILL = 9;
    private const int MostOutput = 10 * 1024;

    // How long the ends of the pipes may stay open in processes that a container leaves behind; its own die with its PID 1.
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(1);

    private readonly ChildProcess _process;
    private readonly ProcessMonitor _monitor;
    private readonly ProgramPlan _program;

    internal ProcessContainer(
        ChildProcess process, ProcessMonitor monitor, ContainerLog log, ProgramPlan program, DateTimeOffset startedAt, Task output, Task error)
    {
        _process = process;
        _monitor = monitor;
        _program = program;
        StartedAt = startedAt;
        Log = log;
        Id = Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N");
        Exit = WaitAsync(Task.WhenAll(output, error));
    }

    public string Id { get; }

    public DateTimeOffset StartedAt { get; }

    public ContainerLog Log { get; }

    public Task<ExitStatus> Exit { get; }

    public void Signal(int signal)
    {
        if (!Exit.IsCompleted)
        {
            _process.Signal(signal);
        }
    }

    public async Task<ExecutionResult> ExecuteAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        using var pipe = Pipe.Create();
        using var child = await LaunchAsync(command, new ProgramStreams(null, pipe.Writer, pipe.Writer));
        pipe.Writer.Dispose();
        var output = new MemoryStream();
        var read = _monitor.ReadAsync(pipe.TakeReader(), bytes => output.Write(bytes[..Math.Min(bytes.Length, MostOutput - (int)output.Length)]));
        var exit = _monitor.WaitAsync(child);
        using (cancellation.Register(() => child.Signal(SIGKILL)))
        {
            var status = await exit;
            await Task.WhenAny(read, Task.Delay(OutputGrace, CancellationToken.None));
            cancellation.ThrowIfCancellationRequested();
            return new ExecutionResult(status, Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length));
        }
    }

    public async Task<ContainerProgram> StartProgramAsync(ContainerProgramRequest request)
    {
        using var input = request.Input ? Pipe.Create() : null;
        using var output = request.Output ? Pipe.Create() : null;
        using var error = request.Error ? Pipe.Create() : null;
        var child = await LaunchAsync(request.Command, new ProgramStreams(input?.Reader, output?.Writer, error?.Writer));
        return new ContainerProgram(
            input is null ? null : DescriptorStream.Writing(input.TakeWriter(), _monitor),
            output is null ? null : DescriptorStream.Reading(output.TakeReader(), _monitor),
            error is null ? null : DescriptorStream.Reading(error.TakeReader(), _monitor),
            EndOfAsync(child));
    }

    /// <summary>Off the pool: it blocks for milliseconds.</summary>
    private async Task<ChildProcess> LaunchAsync(IReadOnlyList<string> command, ProgramStreams streams)
    {
        try
        {
            return await Task.Factory.StartNew(
                () => ContainerLauncher.Execute(_process, _program with { Arguments = command }, streams),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
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

    private async Task<ExitStatus> WaitAsync(Task output)
    {
        var status = await _monitor.WaitAsync(_process);
        await output;
        Log.Dispose();
        _process.Dispose();
        return status;
    }
}

using System.Text;
using Dataplane.Kubelet.Runtimes.Cri.V1;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>A container of the runtime, which writes its log itself.</summary>
internal sealed class CriContainer : IRunningContainer
{
    private const int MostOutput = 10 * 1024;
    private const long TicksPerUnit = 100;

    /// <summary>A hook may take as long as its pod's grace period; who waits for it ends it.</summary>
    private static readonly TimeSpan LongestProgram = TimeSpan.FromHours(24);

    private readonly CriClient _cri;
    private readonly CriStreams _streams;
    private readonly FollowedLog _log;
    private readonly TimeProvider _time;
    private readonly bool _isTerminal;
    private readonly TaskCompletionSource<ContainerExit> _exit = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal CriContainer(CriClient cri, CriStreams streams, ContainerStatus status, TimeProvider time)
    {
        (_cri, _streams, _time) = (cri, streams, time);
        Id = status.Id;
        StartedAt = Time(status.StartedAt);
        _isTerminal = status.Annotations.TryGetValue(CriPlan.TerminalAnnotation, out var terminal) && terminal == bool.TrueString;
        _log = new FollowedLog(status.Annotations.TryGetValue(CriPlan.LogAnnotation, out var log) ? log : status.LogPath, time);
        Seen(status);
    }

    public string Id { get; }

    public DateTimeOffset StartedAt { get; }

    public IContainerLog Log => _log;

    internal FollowedLog Written => _log;

    public Task<ContainerExit> Exit => _exit.Task;

    /// <summary>What the runtime says of it now; null when it knows it no more.</summary>
    internal void Seen(ContainerStatus? status)
    {
        if (status is null or { State: ContainerState.ContainerExited })
        {
            _log.Close();
            _exit.TrySetResult(status is null
                ? ContainerExit.Unknown(_time.GetUtcNow())
                : new ContainerExit(status.ExitCode, Time(status.FinishedAt), status.Reason == "OOMKilled"));
        }
    }

    public Task TerminateAsync(TimeSpan grace) => StopAsync(Math.Max(1, (long)Math.Ceiling(grace.TotalSeconds)));

    public Task KillAsync() => StopAsync(0);

    public async Task<ExecutionResult> ExecuteAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        try
        {
            var answer = await _cri.RuntimeAsync(
                "ExecSync", new ExecSyncRequest { ContainerId = Id, Cmd = { command } }, ExecSyncResponse.Parser, cancellation, LongestProgram);
            byte[] output = [.. answer.Stdout, .. answer.Stderr];
            return new ExecutionResult(answer.ExitCode, Encoding.UTF8.GetString(output, 0, Math.Min(MostOutput, output.Length)));
        }
        catch (CriException failure)
        {
            throw new ContainerStartException(failure.Detail, failure);
        }
    }

    public async Task<ContainerProgram> StartProgramAsync(ContainerProgramRequest request)
    {
        try
        {
            var streams = request.Streams;
            var answer = await _cri.RuntimeAsync(
                "Exec",
                new ExecRequest
                {
                    ContainerId = Id,
                    Cmd = { request.Command },
                    Tty = request.Terminal,
                    Stdin = streams.Input,
                    Stdout = streams.Output,
                    Stderr = streams.Error && !request.Terminal,
                },
                ExecResponse.Parser, CancellationToken.None);
            return await _streams.OpenAsync(answer.Url, streams, request.Terminal);
        }
        catch (IOException failure)
        {
            throw new ContainerStartException((failure as CriException)?.Detail ?? failure.Message, failure);
        }
    }

    public async Task<ContainerProgram> AttachAsync(ProgramStreamsRequest request)
    {
        try
        {
            var answer = await _cri.RuntimeAsync(
                "Attach",
                new AttachRequest
                {
                    ContainerId = Id,
                    Tty = _isTerminal,
                    Stdin = request.Input,
                    Stdout = request.Output,
                    Stderr = request.Error && !_isTerminal,
                },
                AttachResponse.Parser, CancellationToken.None);
            return await _streams.OpenAsync(answer.Url, request, _isTerminal);
        }
        catch (IOException failure)
        {
            throw new ContainerStartException((failure as CriException)?.Detail ?? failure.Message, failure);
        }
    }

    public async Task<ContainerUsage?> UsageAsync(CancellationToken cancellation)
    {
        var answer = await _cri.RuntimeAsync("ContainerStats", new ContainerStatsRequest { ContainerId = Id }, ContainerStatsResponse.Parser, cancellation);
        return answer.Stats is { Cpu: { } cpu, Memory: { } memory }
            ? new ContainerUsage(Time(cpu.Timestamp), (long)(cpu.UsageCoreNanoSeconds?.Value ?? 0), (long)(memory.WorkingSetBytes?.Value ?? 0), null)
            : null;
    }

    public Task ResizeAsync(ContainerResourcePlan plan, CancellationToken cancellation) => _cri.RuntimeAsync(
        "UpdateContainerResources", new UpdateContainerResourcesRequest { ContainerId = Id, Linux = CriPlan.Resources(plan) },
        UpdateContainerResourcesResponse.Parser, cancellation);

    private async Task StopAsync(long seconds)
    {
        try
        {
            // The call lasts as long as the container does.
            await _cri.RuntimeAsync(
                "StopContainer", new StopContainerRequest { ContainerId = Id, Timeout = seconds }, StopContainerResponse.Parser, CancellationToken.None,
                TimeSpan.FromSeconds(seconds) + TimeSpan.FromMinutes(2));
        }
        catch (CriException gone) when (gone.Status == Hosting.Grpc.StatusCode.NotFound)
        {
            // As wanted.
        }
    }

    private static DateTimeOffset Time(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / TicksPerUnit);
}

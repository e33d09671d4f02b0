namespace Dataplane.Kubelet.Runtimes;

/// <summary>A container that an earlier agent started and that has ended since.</summary>
internal sealed class EndedContainer(string id, DateTimeOffset startedAt, string logPath, ContainerExit exit) : IRunningContainer
{
    public string Id { get; } = id;

    public DateTimeOffset StartedAt { get; } = startedAt;

    public IContainerLog Log { get; } = new EndedLog(logPath);

    public Task<ContainerExit> Exit { get; } = Task.FromResult(exit);

    public Task TerminateAsync(TimeSpan grace) => Task.CompletedTask;

    public Task KillAsync() => Task.CompletedTask;

    public Task<ExecutionResult> ExecuteAsync(IReadOnlyList<string> command, CancellationToken cancellation) => throw Ended();

    public Task<ContainerProgram> StartProgramAsync(ContainerProgramRequest request) => throw Ended();

    public Task<ContainerProgram> AttachAsync(ProgramStreamsRequest request) => throw Ended();

    public Task ResizeAsync(ContainerResourcePlan plan, CancellationToken cancellation) => Task.CompletedTask;

    public Task<ContainerUsage?> UsageAsync(CancellationToken cancellation) => Task.FromResult<ContainerUsage?>(null);

    private ContainerStartException Ended() => new($"container {Id} is not running");

    private sealed record EndedLog(string FilePath) : IContainerLog
    {
        public int Generation => 0;

        public bool IsClosed => true;

        public Task Changed => Task.CompletedTask;
    }
}

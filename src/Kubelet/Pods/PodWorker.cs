using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Probes;
using Dataplane.Linux.Processes;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Pods;

/// <summary>
/// Everything that happens to one pod on this node, one step after the other: what comes in (a new version of the pod, the
/// end of a container, a probe's verdict) is queued, then one pass brings what is nearer to what should be.
/// </summary>
internal sealed partial class PodWorker
{
    private static readonly TimeSpan SetUpRetry = TimeSpan.FromSeconds(2);

    // How long a start that failed is shown as that, before it is shown as waiting for the next.
    private static readonly TimeSpan ErrorShown = TimeSpan.FromSeconds(3);

    // What an eviction leaves its containers, and how often it is looked for (pkg/kubelet/eviction).
    private static readonly TimeSpan EvictionGrace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan UsageInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestSetUpRetry = TimeSpan.FromMinutes(2);

    private readonly PodServices _services;
    private readonly ContainerStarter _starter;
    private readonly ContainerStopper _stopper;
    private readonly LifecycleHooks _hooks;
    private readonly PodSandboxSetup _setup;
    private readonly PodStatusWriter _status;
    private readonly Channel<Action> _inbox = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly List<ContainerRunState> _containers;
    private readonly DateTimeOffset _startTime;
    private volatile Pod _pod;
    private PodSandboxState? _sandbox;
    private PodFailure? _failure;
    private DateTimeOffset? _setUpRetryAt;
    private TimeSpan _setUpDelay = SetUpRetry;
    private DateTimeOffset _usageCheckedAt;
    private bool _volumesAreOld;
    private bool _followsConfiguration;
    private List<PodCondition> _conditions = [];
    private DateTimeOffset? _stopBy;
    private bool _started;
    private bool _ended;
    private bool _gone;
    private bool _killNow;

    /// <summary>One time for the whole of a pass, so that what is due is either done in it or waited for after it.</summary>
    private DateTimeOffset _passTime;

    /// <param name="pod">The pod.</param>
    /// <param name="services">What all workers share.</param>
    /// <param name="isStatic">Whether the server knows only a mirror of it.</param>
    internal PodWorker(Pod pod, PodServices services, bool isStatic)
    {
        IsStatic = isStatic;
        _pod = pod;
        _services = services;
        _starter = new ContainerStarter(services);
        _stopper = new ContainerStopper(services);
        _hooks = new LifecycleHooks(services.Probes, services.Time);
        _setup = new PodSandboxSetup(services);
        _status = new PodStatusWriter(services.Client, isStatic ? null : pod, services.Time, services.Logger);
        _startTime = pod.Status.StartTime ?? services.Time.GetUtcNow();
        _ended = pod.Status.Phase is "Succeeded" or "Failed";
        _containers =
        [
            .. pod.Spec.InitContainers.Select(container => Known(container, true, _ended, pod.Status.InitContainerStatuses)),
            .. pod.Spec.Containers.Select(container => Known(container, false, _ended, pod.Status.ContainerStatuses)),
            .. pod.Spec.EphemeralContainers.Select(container => KnownEphemeral(container, pod.Status.EphemeralContainerStatuses, services.Time)),
        ];
        if (services.Found.TryRemove(pod.Metadata.UID, out var found))
        {
            Adopt(found);
        }
    }

    /// <summary>Whether the server knows only a mirror of it.</summary>
    internal bool IsStatic { get; }

    /// <summary>The pod as last seen.</summary>
    internal Pod Pod => _pod;

    /// <summary>The latest version of the pod; null once the server has it no more.</summary>
    internal void Update(Pod? pod) => Post(() =>
    {
        _gone |= pod is null;

        _volumesAreOld |= pod is not null && !HaveSameFields(pod.Metadata, _pod.Metadata);
        if (pod is not null)
        {
            _pod = pod;
            _status.Observe(pod);
            foreach (var container in pod.Spec.InitContainers.Concat(pod.Spec.Containers))
            {
                if (_containers.Find(one => one.Name == container.Name) is { } run)
                {
                    // What is asked for now may be possible at once.
                    _resizeRetryAt = ResourceAmounts.AreSame(run.Container.Resources, container.Resources) ? _resizeRetryAt : null;
                    run.Update(container);
                }
            }

            AddEphemeral(pod);
        }
    });

    /// <summary>A version of its mirror: that is where its status goes.</summary>
    internal void ObserveMirror(Pod mirror) => Post(() => _status.Observe(mirror));

    /// <summary>Ends the pod's containers at once and removes them from the machine, but not from the server.</summary>
    internal void Kill() => Post(() => _killNow = true);

    /// <summary>The latest run of a container, which may have ended; null before the first. For any thread.</summary>
    internal Runtimes.IRunningContainer? RunOf(string container) => _runs.GetValueOrDefault(container);

    /// <summary>The pod's namespaces and address while it has them. For any thread.</summary>
    internal PodSandboxState? Sandbox => Volatile.Read(ref _sandbox);

    /// <summary>Works until the pod is gone from this machine, or until cancelled, which leaves its containers alone.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        var status = _status.RunAsync(cancellation);
        try
        {
            await ResumeAsync();
            var finished = false;
            while (!finished)
            {
                DateTimeOffset? wake;
                try
                {
                    while (_inbox.Reader.TryRead(out var action))
                    {
                        action();
                    }

                    (finished, wake) = await PassAsync(cancellation);
                }
                catch (Exception failure) when (failure is not OperationCanceledException)
                {
                    Log.PodFailure(_services.Logger, failure, NamespacedName.Of(_pod).ToString());
                    wake = _services.Time.GetUtcNow() + SetUpRetry;
                }

                if (!finished)
                {
                    await WaitAsync(wake, cancellation);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops and leaves the pod as it is.
        }
        finally
        {
            _containers.ForEach(run => run.Probes?.Cancel());
            _status.Complete();
            await status;
        }
    }

    private void Post(Action action) => _inbox.Writer.TryWrite(action);

    private async Task WaitAsync(DateTimeOffset? wake, CancellationToken cancellation)
    {
        if (wake is not { } time)
        {
            await _inbox.Reader.WaitToReadAsync(cancellation);
            return;
        }

        var delay = time - _services.Time.GetUtcNow();
        if (delay <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = new CancellationTokenSource(delay, _services.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        try
        {
            await _inbox.Reader.WaitToReadAsync(both.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Time for what was put off.
        }
    }

    /// <summary>Whether volumes would show the same of both: what of a pod may change and be in its volumes.</summary>
    private static bool HaveSameFields(ObjectMeta one, ObjectMeta other) =>
        Same(one.Labels, other.Labels) && Same(one.Annotations, other.Annotations);

    private static bool Same(Dictionary<string, string> one, Dictionary<string, string> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var value) && value == pair.Value);

    /// <summary>A pod that has ended keeps showing the address it had.</summary>
    /// <param name="isTerminal">Whether it is deleted and all its containers have ended.</param>
    private void PublishStatus(bool isTerminal = false)
    {
        // What was said last may be newer than what the server has shown since.
        var others = _pod.Status.Conditions.Where(one => !PodConditions.Own.Contains(one.Type));
        var pod = _conditions.Count == 0 ? _pod : _pod with { Status = _pod.Status with { Conditions = [.. _conditions, .. others] } };
        var status = PodStatusPlan.Build(
            pod, _containers, _sandbox is not null, ShownAddresses(),
            [.. _services.Options.NodeIPs.Select(one => one.ToString())], _startTime, _failure, _services.Time.GetUtcNow(), isTerminal);
        _conditions = status.Conditions;
        _status.Publish(status with { Conditions = [.. status.Conditions, .. _resizing] });
    }

    private IReadOnlyList<string> ShownAddresses() => _sandbox is not null || !_ended
        ? [.. PodIPs.Select(one => one.ToString())]
        : [.. _pod.Status.PodIPs.Select(one => one.IP)];

    /// <summary>A container that an earlier agent started counts on from there.</summary>
    private static ContainerRunState Known(Container container, bool isInit, bool ended, List<ContainerStatus> before)
    {
        var run = new ContainerRunState(container, isInit);
        if (before.Find(status => status.Name == container.Name) is { ContainerID: not null } known)
        {
            run.Attempts = known.RestartCount + 1;
            run.Allocated = run.Applied = known.Resources ?? container.Resources;
            run.Previous = known.State.Terminated ?? known.LastState.Terminated;
            run.Terminated = ended || (isInit && known.State.Terminated is { ExitCode: 0 }) ? known.State.Terminated : null;
        }

        return run;
    }
}

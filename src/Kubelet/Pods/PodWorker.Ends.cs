using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Probes;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

internal sealed partial class PodWorker
{
    private const int DefaultGrace = 30;

    /// <summary>Nothing is to be started any more; sidecars may still have to be stopped.</summary>
    private bool IsOver => _failure is not null || PodStatusPlan.Phase(
        Policy, [.. _containers.Where(one => one.IsInit)], [.. _containers.Where(one => one.IsMain)]) is "Succeeded" or "Failed";

    private TimeSpan Grace => TimeSpan.FromSeconds(
        _pod.Metadata.DeletionGracePeriodSeconds ?? _pod.Spec.TerminationGracePeriodSeconds ?? DefaultGrace);

    /// <summary>Containers, then sidecars, then sandbox and volumes, then the object on the server.</summary>
    private async Task<(bool Finished, DateTimeOffset? Wake)> TerminateAsync(CancellationToken cancellation)
    {
        StopAll();
        _containers.ForEach(run => _stopper.KillOverdue(_pod, run));
        if (_containers.Exists(one => one.Running is not null))
        {
            PublishStatus();
            return (false, NextWake());
        }

        if (!_gone && !_killNow)
        {
            PublishStatus(isTerminal: true);
        }

        await RemoveFromMachineAsync();
        if (!_gone && !_killNow && !IsStatic)
        {
            await DeleteAsync(cancellation);
        }

        Log.PodGone(_services.Logger, NamespacedName.Of(_pod).ToString());
        return (true, null);
    }

    private void StopAll()
    {
        var grace = _killNow ? TimeSpan.Zero : _failure?.Grace ?? Grace;
        var now = _services.Time.GetUtcNow();
        _stopBy = _stopBy is { } asked && asked < now + grace ? asked : now + grace;

        // Sidecars serve the others to the end: the last that was started is the first to go, with what is left of the time (KEP-753).
        var last = _killNow ? null : _containers.Exists(one => one is { IsSidecar: false, IsEphemeral: false, Running: not null })
            ? _containers.Where(one => one.IsSidecar)
            : _containers.Where(one => one is { IsSidecar: true, Running: not null }).SkipLast(1);
        var left = _stopBy.Value > now ? _stopBy.Value - now : TimeSpan.Zero;
        foreach (var run in _containers.Except(last ?? []))
        {
            _stopper.Stop(_pod, run, run.IsSidecar ? left : grace, $"Stopping container {run.Name}", PodIP);
        }
    }

    private async Task RemoveFromMachineAsync()
    {
        await _setup.StopAsync(_pod, _sandbox?.Sandbox);
        _sandbox = null;
        _services.Configuration.Forget(_pod.Metadata.UID);
        _services.Volumes.Remove(_pod.Metadata.UID);
    }

    /// <summary>Tells the server that the pod is over; only this very pod, not a later one of the same name.</summary>
    private async Task DeleteAsync(CancellationToken cancellation)
    {
        var options = new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Preconditions { UID = _pod.Metadata.UID } };
        while (true)
        {
            try
            {
                await _services.Client.DeleteAsync<Pod>(NamespacedName.Of(_pod), options, cancellation);
                return;
            }
            catch (ApiException refusal) when (refusal.IsNotFound || refusal.IsConflict)
            {
                return;
            }
            catch (Exception failure) when (failure is ApiException or HttpRequestException or IOException)
            {
                Log.PodProblem(_services.Logger, NamespacedName.Of(_pod).ToString(), $"not deleted: {failure.Message}");
                await Task.Delay(SetUpRetry, _services.Time, cancellation);
            }
        }
    }

    /// <summary>A pod whose containers have all ended for good keeps its logs but not its namespaces and address.</summary>
    private async Task EndIfDoneAsync()
    {
        if (!IsOver)
        {
            return;
        }

        if (_containers.Exists(one => one.Running is not null))
        {
            StopAll();
            return;
        }

        _ended = true;
        await _setup.StopAsync(_pod, _sandbox?.Sandbox);
        _sandbox = null;
        _services.Configuration.Forget(_pod.Metadata.UID);
    }

    private DateTimeOffset? NextWake()
    {
        var deadline = _pod.Spec.ActiveDeadlineSeconds is { } seconds && _failure is null ? _startTime.AddSeconds(seconds) : (DateTimeOffset?)null;
        var times = _containers.SelectMany(run => new[]
        {
            run.Running is null && !IsTerminating && run.IsWanted(Policy) ? run.RetryAt : null,
            run.Running is null && !IsTerminating ? run.ErrorShownUntil : null,
            run is { Running: not null, Killed: false } ? run.KillAt : null,
        });
        times = times.Append(deadline).Append(_sandbox is null && !IsTerminating && !_ended ? _setUpRetryAt : null);
        if (!IsTerminating && _failure is null)
        {
            times = times.Append(_services.Volumes.RenewAt(_pod.Metadata.UID)).Append(UsageCheckAt).Append(_resizeRetryAt);
        }

        return times.Where(time => time > _passTime).Min();
    }

    private void StartProbes(ContainerRunState run, IRunningContainer running)
    {
        var probes = run.Probes = new CancellationTokenSource();
        if (run.Container.StartupProbe is { } startup && !run.Started)
        {
            Probe(startup, ProbeKind.Startup);
        }
        else
        {
            Others();
        }

        void Others()
        {
            if (run.Container.ReadinessProbe is { } readiness)
            {
                Probe(readiness, ProbeKind.Readiness);
            }

            if (run.Container.LivenessProbe is { } liveness)
            {
                Probe(liveness, ProbeKind.Liveness);
            }
        }

        void Probe(Probe probe, ProbeKind kind) => _ = ProbeLoop.RunAsync(
            probe, kind, running, cancellation => _services.Probes.RunAsync(probe, run.Container, running, PodIP, cancellation), _services.Time,
            holds => Post(() =>
            {
                if (run.Running == running)
                {
                    Verdict(run, probe, kind, holds, Others);
                }
            }),
            outcome => Tell(run, kind, outcome),
            probes.Token);
    }

    private void Tell(ContainerRunState run, ProbeKind kind, ProbeOutcome outcome)
    {
        switch (outcome.Result)
        {
            case ProbeResult.Failure:
                _services.Events.Warning(_pod, run.Name, "Unhealthy", $"{kind} probe failed: {outcome.Message}");
                break;
            case ProbeResult.Unknown:
                _services.Events.Warning(_pod, run.Name, "Unhealthy", $"{kind} probe errored and resulted in unknown state: {outcome.Message}");
                break;
            case ProbeResult.Warning:
                _services.Events.Warning(_pod, run.Name, "ProbeWarning", $"{kind} probe warning: {outcome.Message}");
                break;
        }
    }

    private void Verdict(ContainerRunState run, Probe probe, ProbeKind kind, bool holds, Action startOthers)
    {
        switch (kind)
        {
            case ProbeKind.Readiness:
                run.Ready = holds;
                break;
            case ProbeKind.Startup when holds:
                run.Started = true;
                startOthers();
                break;
            case ProbeKind.Startup or ProbeKind.Liveness when !holds:
                var grace = probe.TerminationGracePeriodSeconds ?? _pod.Spec.TerminationGracePeriodSeconds ?? DefaultGrace;
                _stopper.Stop(_pod, run, TimeSpan.FromSeconds(grace),
                    $"Container {run.Name} failed {kind.ToString().ToLowerInvariant()} probe{(Policy == "Never" && !run.IsSidecar ? "" : ", will be restarted")}", PodIP);
                break;
        }
    }
}

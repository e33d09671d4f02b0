using System.Collections.Concurrent;
using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Volumes;
using Dataplane.Linux;

namespace Dataplane.Kubelet.Pods;

internal sealed partial class PodWorker
{
    private readonly ConcurrentDictionary<string, IRunningContainer> _runs = new(StringComparer.Ordinal);

    private string Policy => _pod.Spec.RestartPolicy ?? "Always";

    private IReadOnlyList<IPAddress> PodIPs => _sandbox?.Addresses ?? [];

    private string PodIP => PodIPs.Count > 0 ? PodIPs[0].ToString() : "";

    /// <summary>When to look how much room the pod's volumes take; null when none has a limit.</summary>
    private DateTimeOffset? UsageCheckAt => _pod.Spec.Volumes.Exists(EmptyDirs.IsLimited) ? _usageCheckedAt + UsageInterval : null;

    private bool IsTerminating => _gone || _killNow || _pod.Metadata.DeletionTimestamp is not null;

    /// <returns>Whether the pod is gone, and when to look again if nothing comes in.</returns>
    private async Task<(bool Finished, DateTimeOffset? Wake)> PassAsync(CancellationToken cancellation)
    {
        _passTime = _services.Time.GetUtcNow();
        if (IsTerminating)
        {
            return await TerminateAsync(cancellation);
        }

        if (_ended)
        {
            return (false, null);
        }

        if (!_followsConfiguration)
        {
            _followsConfiguration = true;
            _services.Configuration.Follow(_pod.Metadata.UID, ConfigurationName.ReferredTo(_pod), () => Post(ConfigurationChanged));
        }

        await CheckLimitsAsync(cancellation);
        if (_failure is not null)
        {
            StopAll();
        }
        else if (!IsOver && await EnsureSandboxAsync(cancellation))
        {
            await RenewVolumesAsync(cancellation);
            await ResizeAsync(cancellation);
            await StartContainersAsync(cancellation);
        }

        _containers.ForEach(run => _stopper.KillOverdue(_pod, run));
        PublishStatus();
        await EndIfDoneAsync();
        return (false, NextWake());
    }

    /// <summary>Whether the pod may go on as a whole: its time, and the room it takes.</summary>
    private async Task CheckLimitsAsync(CancellationToken cancellation)
    {
        if (_failure is not null)
        {
            return;
        }

        if (_pod.Spec.ActiveDeadlineSeconds is { } deadline && _passTime >= _startTime.AddSeconds(deadline))
        {
            _failure = new PodFailure("DeadlineExceeded", "Pod was active on the node longer than the specified deadline");
            _services.Events.Normal(_pod, null, _failure.Reason, _failure.Message);
        }
        else if (_sandbox is not null && UsageCheckAt <= _passTime)
        {
            _usageCheckedAt = _passTime;
            if (await Task.Run(() => _services.Volumes.Exceeded(_pod), cancellation) is { } problem)
            {
                _failure = new PodFailure("Evicted", problem) { Grace = EvictionGrace, IsDisruption = true };
                _services.Events.Warning(_pod, null, _failure.Reason, _failure.Message);
            }
        }
    }

    /// <summary>Volumes, then namespaces and network; false when something is missing, which is tried again later.</summary>
    private async Task<bool> EnsureSandboxAsync(CancellationToken cancellation)
    {
        if (_sandbox is not null && !_volumesAreUnknown)
        {
            return true;
        }

        if (_setUpRetryAt > _passTime)
        {
            return false;
        }

        if (!IsStatic)
        {
            // The control plane's own pods may be what the server runs in.
            await _services.ClusterServices.WaitForSyncAsync(cancellation);
        }

        try
        {
            _services.Admission.Check(_pod);
            var (volumes, problems) = await _services.Volumes.MountAsync(_services.Fields(_pod, []), cancellation);
            if (problems.Count > 0)
            {
                ReportMounts(problems);
                RetrySetUp(string.Join("; ", problems));
                return false;
            }

            if (_sandbox is { } adopted)
            {
                _sandbox = adopted with { Volumes = volumes };
                _volumesAreUnknown = false;
                return true;
            }

            var (sandbox, addresses) = await _setup.StartAsync(_pod, cancellation);
            _sandbox = new PodSandboxState(sandbox, addresses, volumes);
            _setUpRetryAt = null;
            return true;
        }
        catch (PodRefusedException refusal)
        {
            _failure = new PodFailure(refusal.Reason, $"Pod was rejected: {refusal.Message}");
            _services.Events.Warning(_pod, null, refusal.Reason, refusal.Message);
            return false;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidOperationException or FormatException or Netlink.NetlinkException)
        {
            _services.Events.Warning(_pod, null, "FailedCreatePodSandBox", $"Failed to create pod sandbox: {problem.Message}");
            RetrySetUp(problem.Message);
            return false;
        }
    }

    private void ReportMounts(IReadOnlyList<string> problems)
    {
        foreach (var problem in problems)
        {
            _services.Events.Warning(_pod, null, "FailedMount", problem);
        }
    }

    /// <summary>A ConfigMap or Secret of the pod has come, changed or gone: what waits for it need not wait any longer.</summary>
    private void ConfigurationChanged()
    {
        _volumesAreOld = true;
        _setUpRetryAt = null;
        foreach (var run in _containers.Where(one => one.Waiting?.Reason == "CreateContainerConfigError"))
        {
            run.RetryAt = null;
        }
    }

    private async Task RenewVolumesAsync(CancellationToken cancellation)
    {
        if (_volumesAreOld || _services.Volumes.RenewAt(_pod.Metadata.UID) <= _passTime)
        {
            _volumesAreOld = false;
            ReportMounts(await _services.Volumes.RefreshAsync(_services.Fields(_pod, PodIPs), cancellation));
        }
    }

    private void RetrySetUp(string problem)
    {
        Log.PodProblem(_services.Logger, NamespacedName.Of(_pod).ToString(), problem);
        _setUpRetryAt = _services.Time.GetUtcNow() + _setUpDelay;
        _setUpDelay = TimeSpan.FromTicks(Math.Min(2 * _setUpDelay.Ticks, LongestSetUpRetry.Ticks));
    }

    /// <summary>Init containers one after the other, then all others.</summary>
    private async Task StartContainersAsync(CancellationToken cancellation)
    {
        foreach (var run in _containers.Where(one => one is { Running: not null, IsOutdated: true }))
        {
            _stopper.Stop(_pod, run, Grace, $"Container {run.Name} definition changed, will be restarted", PodIP);
        }

        await StartEphemeralAsync(cancellation);

        // A sidecar that ends later is started again without holding the others back.
        var begun = _containers.Exists(one => one.IsMain && one.HasRun);
        foreach (var init in _containers.Where(one => one.IsInit))
        {
            if (init.Running is null && init.IsWanted(Policy))
            {
                await StartAsync(init, cancellation);
            }

            if (init.IsHooked || (!PodStatusPlan.IsInitialized(init) && !(begun && init.IsSidecar)))
            {
                return;
            }
        }

        foreach (var main in _containers.Where(one => one.IsMain && one.Running is null && one.IsWanted(Policy)))
        {
            if (_containers.Exists(one => one.IsHooked))
            {
                // Upstream starts the next only when the hook of the one before has ended.
                return;
            }

            await StartAsync(main, cancellation);
        }

        if (!_started && _containers.TrueForAll(one => !one.IsMain || one.HasRun))
        {
            _started = true;
            var elapsed = _services.Time.GetUtcNow() - _startTime;
            _services.Metrics.PodStarted(elapsed);
            Log.PodStarted(_services.Logger, NamespacedName.Of(_pod).ToString(), (long)elapsed.TotalMilliseconds);
        }
    }

    private async Task StartAsync(ContainerRunState run, CancellationToken cancellation)
    {
        if (run.RetryAt > _passTime)
        {
            ShowBackOff(run);
            return;
        }

        var attempts = run.Attempts;
        await _starter.StartAsync(_pod, run, _sandbox!, RunningOf, cancellation);
        if (run.Running is { } running)
        {
            _runs[run.Name] = running;
            _ = ReportExitAsync(run, running);
            if (run.Container.Lifecycle?.PostStart is { } hook)
            {
                run.IsHooked = true;
                _ = RunPostStartAsync(run, running, hook);
            }
            else
            {
                StartProbes(run, running);
            }
        }
        else if (run.Attempts != attempts)
        {
            AfterEnd(run, "RunContainerError");
        }
    }

    private async Task RunPostStartAsync(ContainerRunState run, IRunningContainer running, LifecycleHandler hook)
    {
        var problem = await _hooks.TryAsync(hook, run.Container, running, PodIP, limit: null);
        Post(() =>
        {
            if (run.Running != running)
            {
                return;
            }

            run.IsHooked = false;
            if (problem is null)
            {
                StartProbes(run, running);
                return;
            }

            _services.Events.Warning(_pod, run.Name, "FailedPostStartHook", $"PostStartHook failed: {problem}");
            _stopper.Stop(_pod, run, Grace, "FailedPostStartHook", PodIP);
        });
    }

    private async Task ReportExitAsync(ContainerRunState run, IRunningContainer running)
    {
        var (container, attempt) = (run.Container, run.Attempts - 1);
        try
        {
            var exit = await running.Exit;
            var file = _services.Directories.TerminationMessage(_pod.Metadata.UID, container.Name, attempt);
            var message = await TerminationMessage.ReadAsync(file, running.Log.FilePath, container, exit, PodContainers.Of(_pod.Spec).Count());
            Post(() => Ended(run, running, exit, message));
        }
        catch (OperationCanceledException)
        {
            // The agent stops, and the container goes on.
        }
    }

    private void Ended(ContainerRunState run, IRunningContainer running, ContainerExit exit, string message)
    {
        string[] said = [exit.IsUnknown ? LostMessage : "", message];
        run.Probes?.Cancel();
        run.Running = null;
        run.IsHooked = false;
        run.Ready = run.Started = false;
        run.Terminated = new ContainerStateTerminated
        {
            ExitCode = exit.Code,
            Reason = ReasonOf(exit),
            Message = string.Join(": ", said.Where(text => text.Length > 0)) is { Length: > 0 } words ? words : null,
            StartedAt = running.StartedAt,
            FinishedAt = exit.FinishedAt,
            ContainerID = run.ContainerID,
        };
        AfterEnd(run, "CrashLoopBackOff");
    }

    private static string ReasonOf(ContainerExit exit) =>
        exit.IsUnknown ? LostReason : exit.OutOfMemory ? "OOMKilled" : exit.Code == 0 ? "Completed" : "Error";

    private void AfterEnd(ContainerRunState run, string reason)
    {
        run.Waiting = null;
        if (IsTerminating || IsOver || !run.IsWanted(Policy))
        {
            return;
        }

        var ended = run.Terminated!;
        var ran = ended.StartedAt > DateTimeOffset.UnixEpoch ? ended.FinishedAt!.Value - ended.StartedAt.Value : TimeSpan.Zero;
        var delay = run.IsOutdated ? TimeSpan.Zero : run.Restarts.Next(ran);
        run.RetryAt = ended.FinishedAt + delay;
        run.ErrorShownUntil = null;
        if (reason != "CrashLoopBackOff")
        {
            run.Waiting = new ContainerStateWaiting { Reason = reason, Message = ended.Message };
            run.BackOff = delay;
            run.ErrorShownUntil = delay > TimeSpan.Zero ? _passTime + ErrorShown : null;
        }
        else if (delay > TimeSpan.Zero)
        {
            WaitForRestart(run, delay);
        }
    }

    private void WaitForRestart(ContainerRunState run, TimeSpan delay)
    {
        var pod = PodContainers.NameOf(_pod);
        run.Waiting = new ContainerStateWaiting
        {
            Reason = "CrashLoopBackOff",
            Message = $"back-off {GoDuration.Format(delay)} restarting failed container={run.Name} pod={pod}",
        };
        _services.Events.Warning(_pod, run.Name, "BackOff", $"Back-off restarting failed container {run.Name} in pod {pod}");
    }

    /// <summary>What could not be had or started shows the error for a moment, then that it will be tried again.</summary>
    private void ShowBackOff(ContainerRunState run)
    {
        if (run.Waiting?.Reason == "RunContainerError" && run.ErrorShownUntil <= _passTime)
        {
            run.ErrorShownUntil = null;
            WaitForRestart(run, run.BackOff);
        }

        if (run.Waiting?.Reason == "ErrImagePull" && run.ErrorShownUntil <= _passTime)
        {
            run.ErrorShownUntil = null;
            var message = $"Back-off pulling image \"{run.Container.Image}\"";
            run.Waiting = new ContainerStateWaiting { Reason = "ImagePullBackOff", Message = $"{message}: {run.Waiting.Message}" };
            _services.Events.Normal(_pod, run.Name, "BackOff", message);
            _services.Events.Warning(_pod, run.Name, "Failed", "Error: ImagePullBackOff");
        }
    }
}

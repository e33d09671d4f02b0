using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Volumes;

namespace Dataplane.Kubelet.Pods;

/// <summary>Starts one container of a pod: image, environment, volumes, log; and says in events and states what became of it.</summary>
internal sealed class ContainerStarter(PodServices services)
{
    private static readonly TimeSpan ConfigurationRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PullErrorShown = TimeSpan.FromSeconds(3);

    /// <summary>Tries once. The state afterwards has the running container, or why there is none and when to try again.</summary>
    internal async Task StartAsync(Pod pod, ContainerRunState run, PodSandboxState sandbox, CancellationToken cancellation)
    {
        var image = await PullAsync(pod, run, cancellation);
        if (image is null)
        {
            return;
        }

        ContainerRequest request;
        try
        {
            request = await RequestAsync(pod, run, image, sandbox, cancellation);
        }
        catch (ConfigurationException problem)
        {
            Wait(run, "CreateContainerConfigError", problem.Message, ConfigurationRetry);
            services.Events.Warning(pod, run.Name, "Failed", $"Error: {problem.Message}");
            return;
        }

        run.Attempts++;
        run.Previous = run.Terminated ?? run.Previous;
        try
        {
            run.Running = await services.Runtime.StartContainerAsync(sandbox.Sandbox, request, cancellation);
        }
        catch (ContainerStartException problem)
        {
            request.Log.Dispose();
            services.Events.Normal(pod, run.Name, "Created", $"Created container: {run.Name}");
            services.Events.Warning(pod, run.Name, "Failed", $"Error: {problem.Message}");
            var now = services.Time.GetUtcNow();
            run.Terminated = new ContainerStateTerminated
            {
                ExitCode = 128,
                Reason = "StartError",
                Message = problem.Message,
                StartedAt = DateTimeOffset.UnixEpoch,
                FinishedAt = now,
            };
            return;
        }

        run.IsCurrent();
        run.Terminated = null;
        run.Waiting = null;
        run.RetryAt = null;
        run.KillAt = null;
        run.Killed = false;
        run.Started = run.Container.StartupProbe is null;
        run.Ready = run.Container.ReadinessProbe is null;
        run.ImageName = image.Name;
        run.ContainerID = $"{services.Runtime.Name}://{run.Running.Id}";
        services.Events.Normal(pod, run.Name, "Created", $"Created container: {run.Name}");
        services.Events.Normal(pod, run.Name, "Started", $"Started container {run.Name}");
    }

    private async Task<ContainerImagePlan?> PullAsync(Pod pod, ContainerRunState run, CancellationToken cancellation)
    {
        var name = run.Container.Image ?? "";
        try
        {
            var image = await services.Runtime.ResolveImageAsync(name, cancellation);
            services.Events.Normal(pod, run.Name, "Pulled", $"Container image \"{name}\" already present on machine");
            return image;
        }
        catch (ImageException problem)
        {
            if (run.Container.ImagePullPolicy == "Never")
            {
                services.Events.Warning(pod, run.Name, "ErrImageNeverPull", $"Container image \"{name}\" is not present with pull policy of Never");
                Wait(run, "ErrImageNeverPull", $"Container image \"{name}\" is not present with pull policy of Never", run.Pulls.Next(TimeSpan.Zero));
                return null;
            }

            services.Events.Warning(pod, run.Name, "Failed", $"Failed to pull image \"{name}\": {problem.Message}");
            services.Events.Warning(pod, run.Name, "Failed", "Error: ErrImagePull");

            // The first wait of the restart series is none at all, but an image does not appear at once.
            var delay = run.Pulls.Next(TimeSpan.Zero);
            Wait(run, "ErrImagePull", problem.Message, delay == TimeSpan.Zero ? run.Pulls.Next(TimeSpan.Zero) : delay);
            run.ErrorShownUntil = services.Time.GetUtcNow() + PullErrorShown;
            return null;
        }
    }

    private async Task<ContainerRequest> RequestAsync(
        Pod pod, ContainerRunState run, ContainerImagePlan image, PodSandboxState sandbox, CancellationToken cancellation)
    {
        var container = run.Container;
        var fields = services.Fields(pod, sandbox.Addresses);
        var hostname = pod.Spec.HostNetwork == true ? services.Options.NodeName : PodSandboxSetup.Hostname(pod);
        var environment = await services.Environment.BuildAsync(container, fields, hostname, services.ClusterServices.Snapshot.Values,
            text => services.Events.Warning(pod, null, "InvalidEnvironmentVariableNames", text), cancellation);
        var variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        var uid = pod.Metadata.UID;
        return new ContainerRequest
        {
            PodUid = uid,
            Name = run.Name,
            Image = image,
            Attempt = run.Attempts,
            Command = [.. container.Command.Select(text => VariableExpansion.Expand(text, variables))],
            Arguments = [.. container.Args.Select(text => VariableExpansion.Expand(text, variables))],
            Environment = environment,
            WorkingDirectory = container.WorkingDir,
            Volumes = [.. container.VolumeMounts.Select((mount, index) => Mount(mount, sandbox.Volumes, variables, new SubPathPlace(uid, mount.Name, run.Name, index)))],
            Input = container.Stdin == true,
            InputOnce = container.StdinOnce == true,
            Terminal = container.TTY == true,
            Log = new ContainerLog(services.Directories.Log(uid, run.Name, run.Attempts), services.Time, services.Options.ContainerLogs),
        };
    }

    private ContainerVolume Mount(
        VolumeMount mount, IReadOnlyDictionary<string, MountedVolume> volumes, Dictionary<string, string> variables, SubPathPlace place)
    {
        if (!volumes.TryGetValue(mount.Name, out var volume))
        {
            throw new ConfigurationException($"cannot find volume \"{mount.Name}\" to mount into container \"{place.Container}\"");
        }

        var subPath = mount.SubPathExpr is { Length: > 0 } expression ? VariableExpansion.ExpandAll(expression, variables) : mount.SubPath;
        var source = string.IsNullOrEmpty(subPath) ? volume.Path : services.SubPaths.Mount(volume, subPath, place);
        return new ContainerVolume(source, mount.MountPath, mount.ReadOnly == true || volume.ReadOnly);
    }

    private void Wait(ContainerRunState run, string reason, string message, TimeSpan delay)
    {
        run.Waiting = new ContainerStateWaiting { Reason = reason, Message = message };
        run.RetryAt = services.Time.GetUtcNow() + delay;
    }
}

using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Volumes;

namespace Dataplane.Kubelet.Pods;

/// <summary>Starts one container of a pod: image, environment, volumes, log; and says in events and states what became of it.</summary>
internal sealed class ContainerStarter(PodServices services)
{
    private static readonly TimeSpan ConfigurationRetry = TimeSpan.FromSeconds(5);

    private readonly ImagePuller _images = new(services);

    /// <summary>Tries once. The state afterwards has the running container, or why there is none and when to try again.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="run">One of its containers.</param>
    /// <param name="sandbox">Where it is to run.</param>
    /// <param name="runningOf">The pod's other containers that run now, by name.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task StartAsync(
        Pod pod, ContainerRunState run, PodSandboxState sandbox, Func<string, IRunningContainer?> runningOf, CancellationToken cancellation)
    {
        var image = await _images.PullAsync(pod, run, cancellation);
        if (image is null)
        {
            return;
        }

        ContainerRequest request;
        try
        {
            request = Seeing(TargetOf(run.Container, runningOf), await RequestAsync(pod, run, image, sandbox, cancellation));
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
        run.ImageID = image.Id;
        run.ContainerID = $"{services.Runtime.Name}://{run.Running.Id}";
        services.Events.Normal(pod, run.Name, "Created", $"Created container: {run.Name}");
        services.Events.Normal(pod, run.Name, "Started", $"Started container {run.Name}");
    }

    /// <summary>What has been set aside for a container, in the kernel's terms.</summary>
    internal ContainerResourcePlan LimitsOf(Pod pod, ContainerRunState run) =>
        ContainerLimits.Of(pod, run.Container with { Resources = run.Allocated }, services.Options, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);

    /// <exception cref="ConfigurationException">It does not run; the words are upstream's.</exception>
    private static IRunningContainer? TargetOf(Container container, Func<string, IRunningContainer?> runningOf) =>
        container.TargetContainerName is not { Length: > 0 } target ? null
        : runningOf(target) ?? throw new ConfigurationException($"unable to find target container {target}");

    /// <summary>Where all containers of the pod see each other's processes, or the machine's, a target changes nothing.</summary>
    private static ContainerRequest Seeing(IRunningContainer? target, ContainerRequest request) => target is null || request.Processes != ProcessScope.Container
        ? request
        : request with { Processes = ProcessScope.Target, Target = target };

    private async Task<ContainerRequest> RequestAsync(
        Pod pod, ContainerRunState run, ContainerImagePlan image, PodSandboxState sandbox, CancellationToken cancellation)
    {
        var container = run.Container;
        var fields = services.Fields(pod, sandbox.Addresses);
        var sandboxRequest = PodSandboxSetup.Request(pod, services);
        var environment = await services.Environment.BuildAsync(container, fields, sandboxRequest.Hostname, services.ClusterServices.Snapshot.Values,
            text => services.Events.Warning(pod, null, "InvalidEnvironmentVariableNames", text), cancellation);
        var variables = new Dictionary<string, string>(environment, StringComparer.Ordinal);
        var uid = pod.Metadata.UID;
        var etc = new[] { "hosts", "hostname", "resolv.conf" }
            .Select(file => new ContainerVolume(services.Directories.Etc(uid, file), "/etc/" + file, ReadOnly: false));
        var volumes = container.VolumeMounts
            .Select((mount, index) => Mount(mount, sandbox.Volumes, variables, new SubPathPlace(uid, mount.Name, run.Name, index))).ToArray();
        return new ContainerRequest
        {
            Sandbox = sandboxRequest,
            Name = run.Name,
            Image = image,
            Attempt = run.Attempts,
            Command = [.. container.Command.Select(text => VariableExpansion.Expand(text, variables))],
            Arguments = [.. container.Args.Select(text => VariableExpansion.Expand(text, variables))],
            Environment = environment,
            WorkingDirectory = container.WorkingDir,
            Volumes =
            [
                .. etc.ExceptBy(volumes.Select(volume => volume.Target), one => one.Target),
                .. volumes.UnionBy([TerminationFile(pod, run)], volume => volume.Target).OrderBy(volume => volume.Target.Count(letter => letter == '/')),
            ],
            Security = ContainerSecurity.Of(pod, container, image, services.Options),
            Resources = LimitsOf(pod, run),
            Processes = PodSandboxSetup.ProcessesOf(pod),
            Input = container.Stdin == true,
            InputOnce = container.StdinOnce == true,
            Terminal = container.TTY == true,
            LogPath = services.Directories.Log(uid, run.Name, run.Attempts),
        };
    }

    private ContainerVolume TerminationFile(Pod pod, ContainerRunState run)
    {
        var file = services.Directories.TerminationMessage(pod.Metadata.UID, run.Name, run.Attempts);
        TerminationMessage.Make(file);
        return new ContainerVolume(file, TerminationMessage.PathIn(run.Container), ReadOnly: false);
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
        return new ContainerVolume(source, mount.MountPath, mount.ReadOnly == true || volume.ReadOnly, mount.MountPropagation);
    }

    private void Wait(ContainerRunState run, string reason, string message, TimeSpan delay)
    {
        run.Waiting = new ContainerStateWaiting { Reason = reason, Message = message };
        run.RetryAt = services.Time.GetUtcNow() + delay;
    }
}

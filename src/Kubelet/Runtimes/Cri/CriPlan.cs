using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Runtimes.Cri.V1;

namespace Dataplane.Kubelet.Runtimes.Cri;

/// <summary>Sandboxes and containers as the interface wants them described.</summary>
internal static class CriPlan
{
    internal const string NodeLabel = "dataplane.node";
    internal const string LogAnnotation = "dataplane.log-path";
    internal const string TerminalAnnotation = "dataplane.terminal";

    internal static PodSandboxConfig Sandbox(SandboxRequest request, string node) => new()
    {
        Metadata = new PodSandboxMetadata { Name = request.Pod.Name, Namespace = request.Pod.Namespace, Uid = request.Pod.Uid },
        Hostname = request.HostNetwork ? "" : request.Hostname,
        LogDirectory = request.LogDirectory,
        PortMappings = { request.HostPorts.Select(Port) },
        Labels = { Labels(request.Pod, node) },
        Annotations = { request.Annotations.ToDictionary() },
        Linux = new LinuxPodSandboxConfig
        {
            CgroupParent = "/" + CgroupNames.Pod(request.Pod.Uid),
            SecurityContext = new LinuxSandboxSecurityContext
            {
                NamespaceOptions = new NamespaceOption
                {
                    Network = request.HostNetwork ? NamespaceMode.Node : NamespaceMode.Pod,
                    Ipc = request.HostIpc ? NamespaceMode.Node : NamespaceMode.Pod,
                    Pid = ModeOf(request.Processes),
                },
                Privileged = request.Privileged,
                Seccomp = new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault },
            },
        },
    };

    internal static ContainerConfig Container(ContainerRequest request, string node)
    {
        var config = new ContainerConfig
        {
            Metadata = new ContainerMetadata { Name = request.Name, Attempt = (uint)request.Attempt },
            Image = new ImageSpec { Image = request.Image.Id },
            Command = { request.Command },
            Args = { request.Arguments },
            WorkingDir = request.WorkingDirectory ?? "",
            Envs = { request.Environment.Select(pair => new KeyValue { Key = pair.Key, Value = pair.Value }) },
            Mounts = { request.Volumes.Select(Mount) },
            Labels = { Labels(request.Pod, node) },
            LogPath = Path.GetRelativePath(request.Sandbox.LogDirectory, request.LogPath),
            Stdin = request.Input,
            StdinOnce = request.InputOnce,
            Tty = request.Terminal,
            Linux = new LinuxContainerConfig { Resources = Resources(request.Resources), SecurityContext = Security(request) },
        };
        config.Labels["io.kubernetes.container.name"] = request.Name;
        config.Annotations[LogAnnotation] = request.LogPath;
        config.Annotations[TerminalAnnotation] = $"{request.Terminal}";
        return config;
    }

    private static LinuxContainerSecurityContext Security(ContainerRequest request)
    {
        var security = request.Security;
        var context = new LinuxContainerSecurityContext
        {
            Capabilities = new Capability { AddCapabilities = { security.AddCapabilities }, DropCapabilities = { security.DropCapabilities } },
            Privileged = security.Privileged,
            NamespaceOptions = new NamespaceOption
            {
                Network = request.Sandbox.HostNetwork ? NamespaceMode.Node : NamespaceMode.Pod,
                Ipc = request.Sandbox.HostIpc ? NamespaceMode.Node : NamespaceMode.Pod,
                Pid = ModeOf(request.Processes),
                TargetId = request.Processes == ProcessScope.Target ? request.Target!.Id : "",
            },
            ReadonlyRootfs = security.ReadOnlyRoot,
            SupplementalGroups = { security.SupplementalGroups },
            NoNewPrivs = !security.AllowPrivilegeEscalation,
            Seccomp = security.Seccomp switch
            {
                SeccompMode.RuntimeDefault => new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.RuntimeDefault },
                SeccompMode.Localhost => new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.Localhost, LocalhostRef = security.SeccompPath ?? "" },
                _ => new SecurityProfile { ProfileType = SecurityProfile.Types.ProfileType.Unconfined },
            },
        };
        if (security.User is { } user)
        {
            context.RunAsUser = new Int64Value { Value = user };
        }

        if (security.Group is { } group)
        {
            // A group alone is an error of the interface.
            context.RunAsUser ??= new Int64Value();
            context.RunAsGroup = new Int64Value { Value = group };
        }

        if (!security.UnmaskedProc && !security.Privileged)
        {
            context.MaskedPaths.Add(KernelPaths.Masked);
            context.ReadonlyPaths.Add(KernelPaths.ReadOnly);
        }

        return context;
    }

    internal static LinuxContainerResources Resources(ContainerResourcePlan plan) => new()
    {
        CpuPeriod = plan.CpuQuota is null ? 0 : ContainerResourcePlan.CpuPeriod,
        CpuQuota = plan.CpuQuota ?? 0,
        CpuShares = plan.CpuShares,
        MemoryLimitInBytes = plan.Memory ?? 0,
        OomScoreAdj = plan.OomScoreAdjustment,
    };

    private static PortMapping Port(HostPortMapping mapping) => new()
    {
        Protocol = mapping.Protocol switch
        {
            "UDP" => Protocol.Udp,
            "SCTP" => Protocol.Sctp,
            _ => Protocol.Tcp,
        },
        ContainerPort = mapping.ContainerPort,
        HostPort = mapping.HostPort,
        HostIp = mapping.Address?.ToString() ?? "",
    };

    private static Mount Mount(ContainerVolume volume) => new()
    {
        ContainerPath = volume.Target,
        HostPath = volume.Source,
        Readonly = volume.ReadOnly,
        Propagation = volume.Propagation switch
        {
            "HostToContainer" => MountPropagation.PropagationHostToContainer,
            "Bidirectional" => MountPropagation.PropagationBidirectional,
            _ => MountPropagation.PropagationPrivate,
        },
    };

    private static Dictionary<string, string> Labels(PodIdentity pod, string node) => new()
    {
        ["io.kubernetes.pod.name"] = pod.Name,
        ["io.kubernetes.pod.namespace"] = pod.Namespace,
        ["io.kubernetes.pod.uid"] = pod.Uid,
        [NodeLabel] = node,
    };

    private static NamespaceMode ModeOf(ProcessScope scope) => scope switch
    {
        ProcessScope.Pod => NamespaceMode.Pod,
        ProcessScope.Host => NamespaceMode.Node,
        ProcessScope.Target => NamespaceMode.Target,
        _ => NamespaceMode.Container,
    };
}

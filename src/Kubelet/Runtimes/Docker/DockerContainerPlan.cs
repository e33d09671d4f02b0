using System.Text.Json.Nodes;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>A container as the engine wants it described.</summary>
internal static class DockerContainerPlan
{
    internal static JsonObject Of(ContainerRequest request, string sandbox, string node)
    {
        var labels = DockerLabels.Of(request.Pod, node, DockerLabels.Container, request.Name, request.Attempt, request.LogPath);
        labels[DockerLabels.SandboxId] = sandbox;
        var plan = new JsonObject
        {
            ["Image"] = request.Image.Id,
            ["Env"] = Array(request.Environment.Select(pair => $"{pair.Key}={pair.Value}")),
            ["Labels"] = labels,
            ["User"] = User(request.Security),
            ["Tty"] = request.Terminal,
            ["OpenStdin"] = request.Input,
            ["StdinOnce"] = request.InputOnce,
            ["HostConfig"] = HostConfig(request, sandbox),
        };
        if (request.Command.Count > 0)
        {
            plan["Entrypoint"] = Array(request.Command);
        }

        if (request.Arguments.Count > 0)
        {
            plan["Cmd"] = Array(request.Arguments);
        }

        if (!string.IsNullOrEmpty(request.WorkingDirectory))
        {
            plan["WorkingDir"] = request.WorkingDirectory;
        }

        return plan;
    }

    internal static string CgroupParent(string podUid) => "/" + CgroupNames.Pod(podUid);

    private static JsonObject HostConfig(ContainerRequest request, string sandbox)
    {
        var (security, resources) = (request.Security, request.Resources);
        var plan = new JsonObject
        {
            ["NetworkMode"] = $"container:{sandbox}",
            ["UTSMode"] = request.Sandbox.HostNetwork ? "host" : null,
            ["IpcMode"] = $"container:{sandbox}",
            ["PidMode"] = request.Processes switch
            {
                ProcessScope.Host => "host",
                ProcessScope.Pod => $"container:{sandbox}",
                ProcessScope.Target => $"container:{request.Target!.Id}",
                _ => null,
            },
            ["RestartPolicy"] = new JsonObject { ["Name"] = "no" },
            ["LogConfig"] = new JsonObject { ["Type"] = "json-file" },
            ["CgroupParent"] = CgroupParent(request.Pod.Uid),
            ["Mounts"] = new JsonArray([.. request.Volumes.Select(Mount)]),
            ["Privileged"] = security.Privileged,
            ["ReadonlyRootfs"] = security.ReadOnlyRoot,
            ["CapAdd"] = Array(security.AddCapabilities),
            ["CapDrop"] = Array(security.DropCapabilities),
            ["GroupAdd"] = Array(security.SupplementalGroups.Select(group => $"{group}")),
            ["SecurityOpt"] = Array(SecurityOptions(security)),
            ["OomScoreAdj"] = resources.OomScoreAdjustment,
        };
        foreach (var (name, value) in Limits(resources))
        {
            plan[name] = value?.DeepClone();
        }

        if (security.UnmaskedProc)
        {
            plan["MaskedPaths"] = new JsonArray();
            plan["ReadonlyPaths"] = new JsonArray();
        }

        return plan;
    }

    /// <summary>What of it may change while the container runs, too.</summary>
    internal static JsonObject Limits(ContainerResourcePlan resources)
    {
        var limits = new JsonObject { ["CpuShares"] = resources.CpuShares };
        if (resources.CpuQuota is { } quota)
        {
            limits["CpuQuota"] = quota;
            limits["CpuPeriod"] = ContainerResourcePlan.CpuPeriod;
        }

        if (resources.Memory is { } memory)
        {
            limits["Memory"] = memory;
            limits["MemorySwap"] = memory;
        }

        if (resources.Processes is { } processes)
        {
            limits["PidsLimit"] = processes;
        }

        return limits;
    }

    private static IEnumerable<string> SecurityOptions(ContainerSecurityPlan security)
    {
        if (!security.AllowPrivilegeEscalation)
        {
            yield return "no-new-privileges";
        }

        if (security.Seccomp == SeccompMode.Unconfined)
        {
            yield return "seccomp=unconfined";
        }
        else if (security is { Seccomp: SeccompMode.Localhost, SeccompPath: { } path })
        {
            // The engine takes the profile itself, not where it is.
            yield return "seccomp=" + File.ReadAllText(path);
        }
    }

    private static string User(ContainerSecurityPlan security) => security switch
    {
        { User: { } user, Group: { } group } => $"{user}:{group}",
        { User: { } user } => $"{user}",
        { Group: { } group } => $"0:{group}",
        _ => "",
    };

    private static JsonNode Mount(ContainerVolume volume) => new JsonObject
    {
        ["Type"] = "bind",
        ["Source"] = volume.Source,
        ["Target"] = volume.Target,
        ["ReadOnly"] = volume.ReadOnly,
        ["BindOptions"] = new JsonObject
        {
            ["Propagation"] = volume.Propagation switch
            {
                "HostToContainer" => "rslave",
                "Bidirectional" => "rshared",
                _ => "rprivate",
            },
        },
    };

    private static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);
}

using Dataplane.Linux.Capabilities;
using Dataplane.Linux.Cgroups;
using Dataplane.Linux.Mounts;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>What a container of the process runtime is made of.</summary>
internal static class ProcessPlans
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    internal static ContainerPlan Container(ContainerRequest request, ProcessSandbox sandbox, PodDirectories directories) => new()
    {
        Sandbox = sandbox.Holder,
        Root = Root(request, directories),
        Program = new ProgramPlan { Arguments = [] },
        Processes = request.Processes switch
        {
            ProcessScope.Pod => sandbox.Holder,
            ProcessScope.Target => ((ProcessContainer)request.Target!).Process,
            _ => null,
        },
        MachineProcesses = request.Processes == ProcessScope.Host,
        OomScoreAdjustment = LowestScore(request.Resources.OomScoreAdjustment),
    };

    internal static ProgramPlan Program(ContainerRequest request)
    {
        var image = (FileImagePlan)request.Image;
        var environment = new Dictionary<string, string> { ["PATH"] = DefaultPath };
        foreach (var (name, value) in image.Environment.Select(Split).Concat(request.Environment))
        {
            environment[name] = value;
        }

        var program = new ProgramPlan
        {
            Arguments = image.Arguments(request.Command, request.Arguments),
            Environment = [.. environment.Select(pair => $"{pair.Key}={pair.Value}")],
            WorkingDirectory = string.IsNullOrEmpty(request.WorkingDirectory) ? image.WorkingDirectory : request.WorkingDirectory,
        };
        return request.Terminal ? OnTerminal(program) : program;
    }

    /// <summary>Adds what every container runtime tells a program with a terminal, unless the pod does.</summary>
    internal static ProgramPlan OnTerminal(ProgramPlan program)
    {
        const string variable = "TERM=";
        return program.Environment.Any(one => one.StartsWith(variable, StringComparison.Ordinal))
            ? program
            : program with { Environment = [.. program.Environment, variable + "xterm"] };
    }

    /// <exception cref="ArgumentException">A capability of a name that there is not.</exception>
    /// <exception cref="ContainerStartException">What this runtime cannot do.</exception>
    internal static ProcessCredentials Credentials(ContainerRequest request)
    {
        var security = request.Security;
        if (security.Seccomp == SeccompMode.Localhost)
        {
            throw new ContainerStartException($"seccompProfile Localhost ({security.SeccompPath}) is not supported by the process runtime");
        }

        var capabilities = security.Privileged ? CapabilitySet.All
            : CapabilitySet.Change(CapabilitySet.Default, security.AddCapabilities, security.DropCapabilities);
        if (!security.Privileged && !CgroupHierarchy.OfThisMachine.RestrictsDevices)
        {
            // Nothing else would keep a device file that it makes in /dev from being opened.
            capabilities = CapabilitySet.Change(capabilities, [], ["MKNOD"]);
        }

        return new ProcessCredentials
        {
            User = security.User is { } user ? $"{user}" : request.Image.User,
            Group = security.Group,
            SupplementalGroups = security.SupplementalGroups,
            Capabilities = capabilities,
            NoNewPrivileges = !security.AllowPrivilegeEscalation,
            Filtered = security.Seccomp == SeccompMode.RuntimeDefault,
        };
    }

    internal static Cgroup MakeCgroup(ContainerRequest request)
    {
        var (resources, uid) = (request.Resources, request.Pod.Uid);
        var cgroup = Cgroup.At(CgroupHierarchy.OfThisMachine, $"{ProcessRuntime.PodCgroup(uid).Path}/{request.Name}-{request.Attempt}");
        cgroup.Create(Limits(resources) with { OnlyCommonDevices = !request.Security.Privileged });
        return cgroup;
    }

    internal static CgroupLimits Limits(ContainerResourcePlan resources) => new()
    {
        CpuShares = resources.CpuShares,
        CpuQuota = resources.CpuQuota,
        CpuPeriod = ContainerResourcePlan.CpuPeriod,
        Memory = resources.Memory,
        Processes = resources.Processes,
    };

    private static ContainerRootPlan Root(ContainerRequest request, PodDirectories directories)
    {
        var (image, security) = ((FileImagePlan)request.Image, request.Security);
        var scratch = directories.Container(request.Pod.Uid, request.Name, request.Attempt);
        Directory.CreateDirectory(scratch);
        List<ContainerMount> mounts = image.IsHost ? HostImage.Mounts(directories.Root) : [];
        mounts.AddRange(request.Volumes.Select(volume => new ContainerMount.Bind(volume.Source, volume.Target, volume.ReadOnly)));
        var isOpen = security.Privileged || security.UnmaskedProc;
        return new ContainerRootPlan
        {
            Layers = image.Layers,
            Scratch = scratch,
            Mounts = mounts,
            ReadOnly = security.ReadOnlyRoot,
            MaskedPaths = isOpen ? [] : KernelPaths.Masked,
            ReadOnlyPaths = isOpen ? [] : KernelPaths.ReadOnly,
            Privileged = security.Privileged,
        };
    }

    /// <summary>Without CAP_SYS_RESOURCE a process can make itself only a likelier victim than it is.</summary>
    private static int LowestScore(int wanted)
    {
        if (ProcessCapabilities.Has(Capability.SysResource))
        {
            return wanted;
        }

        var own = int.Parse(File.ReadAllText("/proc/self/oom_score_adj"), System.Globalization.CultureInfo.InvariantCulture);
        return Math.Max(own, wanted);
    }

    private static KeyValuePair<string, string> Split(string variable) =>
        variable.Split('=', 2) is [var name, var value] ? new(name, value) : new(variable, "");
}

namespace Dataplane.Linux.Cgroups;

/// <summary>Where the kernel's control groups are mounted: one tree (version 2), or one for each controller (version 1).</summary>
public sealed class CgroupHierarchy
{
    private const string Root = "/sys/fs/cgroup";

    private static readonly string[] Controllers = ["cpu", "cpuacct", "memory", "pids", "devices"];

    private CgroupHierarchy(string? unified, IReadOnlyDictionary<string, string> controllers, IReadOnlyList<string> trees)
    {
        Unified = unified;
        Separate = controllers;
        Trees = trees;
    }

    /// <summary>Of this machine; found once.</summary>
    public static CgroupHierarchy OfThisMachine { get; } = Detect();

    /// <summary>Whether device files are kept from being opened by a group.</summary>
    public bool RestrictsDevices => Separate.ContainsKey("devices");

    /// <summary>The tree of version 2; null with version 1.</summary>
    internal string? Unified { get; }

    /// <summary>Controllers of version 1 and their trees.</summary>
    internal IReadOnlyDictionary<string, string> Separate { get; }

    /// <summary>Where a tree is mounted, those of controllers that nothing here uses among them: container engines make groups in all.</summary>
    internal IReadOnlyList<string> Trees { get; }

    /// <summary>The controllers that are there of those that containers need.</summary>
    internal static CgroupHierarchy Of(string? unified, IEnumerable<string> mountInfo)
    {
        var (controllers, trees) = (new Dictionary<string, string>(StringComparer.Ordinal), new List<string>());

        // proc_pid_mountinfo(5): ... mount-point options [fields] - type source super-options
        foreach (var fields in mountInfo.Select(line => line.Split(' ')))
        {
            var dash = Array.IndexOf(fields, "-");
            if (dash <= 0 || dash + 3 >= fields.Length || fields[dash + 1] is not ("cgroup" or "cgroup2"))
            {
                continue;
            }

            trees.Add(fields[4]);
            if (unified is null && fields[dash + 1] == "cgroup")
            {
                foreach (var controller in fields[dash + 3].Split(',').Intersect(Controllers))
                {
                    controllers.TryAdd(controller, fields[4]);
                }
            }
        }

        return new CgroupHierarchy(unified, controllers, trees);
    }

    private static CgroupHierarchy Detect() => Of(File.Exists($"{Root}/cgroup.controllers") ? Root : null, File.ReadLines("/proc/self/mountinfo"));
}

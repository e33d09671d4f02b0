using System.Globalization;
using Dataplane.Linux.Processes;

namespace Dataplane.Linux.Cgroups;

/// <summary>A control group: processes that share limits. With version 1, one directory for each controller.</summary>
public sealed class Cgroup
{
    private const string Processes = "cgroup.procs";

    private readonly CgroupHierarchy _hierarchy;
    private readonly Dictionary<string, string> _directories = new(StringComparer.Ordinal);

    private Cgroup(CgroupHierarchy hierarchy, string path)
    {
        _hierarchy = hierarchy;
        Path = path;
        if (hierarchy.Unified is { } unified)
        {
            _directories[""] = System.IO.Path.Combine(unified, path);
            return;
        }

        foreach (var (controller, tree) in hierarchy.Separate)
        {
            _directories[controller] = System.IO.Path.Combine(tree, path);
        }
    }

    /// <summary>Below the root of each tree.</summary>
    public string Path { get; }

    /// <summary>A group that may exist or not.</summary>
    public static Cgroup At(CgroupHierarchy hierarchy, string path) => new(hierarchy, path);

    /// <summary>Makes the group and those above it, and sets its limits.</summary>
    /// <exception cref="IOException">The kernel refuses a limit, or the tree is read-only.</exception>
    public void Create(CgroupLimits limits)
    {
        foreach (var directory in _directories.Values)
        {
            MakeDirectory(directory);
        }

        if (_hierarchy.Unified is { } unified)
        {
            Delegate(unified);
        }

        Set(limits);
    }

    /// <summary>Changes the limits of a group that there is. Those that are not named stay.</summary>
    /// <exception cref="IOException">The kernel refuses a limit, as less memory than is in use, or the group is gone.</exception>
    public void Set(CgroupLimits limits)
    {
        // Version 1 takes no limit of memory above that of memory and swap, and none of both below it.
        var grows = limits.Memory > Number("memory", "memory.memsw.limit_in_bytes");
        var settings = _hierarchy.Unified is null ? CgroupSettings.Version1(limits, grows) : CgroupSettings.Version2(limits);
        foreach (var setting in settings)
        {
            if (FileOf(setting.Controller, setting.File) is not { } file)
            {
                continue;
            }

            try
            {
                File.WriteAllText(file, setting.Value);
            }
            catch (IOException) when (setting.Optional)
            {
                // Without swap accounting the limit of memory alone holds.
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw new IOException($"set {setting.File} of {Path} to {setting.Value}: {failure.Message}", failure);
            }
        }
    }

    /// <summary>Moves a process into the group.</summary>
    public void Add(int process)
    {
        foreach (var directory in _directories.Values)
        {
            File.WriteAllText(System.IO.Path.Combine(directory, Processes), process.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>How many of its processes the kernel has killed for want of memory.</summary>
    public long OutOfMemoryKills() => Counter("memory", _hierarchy.Unified is null ? "memory.oom_control" : "memory.events", "oom_kill") ?? 0;

    /// <summary>Nanoseconds of CPU time, bytes without what the kernel could drop at once, processes; null when the group is gone.</summary>
    public (long CpuNanoseconds, long WorkingSetBytes, long Processes)? Usage()
    {
        var isUnified = _hierarchy.Unified is not null;
        var cpu = isUnified ? Counter("cpu", "cpu.stat", "usage_usec") * 1000 : Number("cpuacct", "cpuacct.usage");
        var memory = Number("memory", isUnified ? "memory.current" : "memory.usage_in_bytes");
        var inactive = Counter("memory", "memory.stat", isUnified ? "inactive_file" : "total_inactive_file");
        return cpu is null || memory is null ? null : (cpu.Value, Math.Max(0, memory.Value - (inactive ?? 0)), Number("pids", "pids.current") ?? 0);
    }

    /// <summary>Kills all its processes, also those that are born meanwhile.</summary>
    public void Kill()
    {
        const int mostRounds = 100;
        for (var round = 0; round < mostRounds && Members() is { Count: > 0 } members; round++)
        {
            foreach (var process in members)
            {
                try
                {
                    ProcessIdentity.Of(process).Kill();
                }
                catch (IOException)
                {
                    // It has ended.
                }
            }
        }
    }

    /// <summary>Removes the group if no process is left in it. Idempotent.</summary>
    /// <returns>Whether it is gone.</returns>
    public bool Remove() => _directories.Values.Count(directory => !RemoveTree(directory)) == 0;

    /// <summary>
    /// Removes a group with all below it from every tree that is mounted, also from those that nothing here uses. What still has a process
    /// stays. Idempotent.
    /// </summary>
    /// <returns>Whether nothing is left of it.</returns>
    public static bool RemoveEverywhere(CgroupHierarchy hierarchy, string path) =>
        hierarchy.Trees.Count(tree => !RemoveTree(System.IO.Path.Combine(tree, path))) == 0;

    /// <summary>Removes a group from every tree that is mounted, except where there are processes or groups in it.</summary>
    public static void RemoveIfEmpty(CgroupHierarchy hierarchy, string path)
    {
        foreach (var tree in hierarchy.Trees)
        {
            RemoveDirectory(System.IO.Path.Combine(tree, path));
        }
    }

    /// <summary>Names of the groups directly below.</summary>
    public IReadOnlyList<string> Children() =>
        [.. _directories.Values.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories).Select(path => System.IO.Path.GetFileName(path)).Distinct()];

    private static bool RemoveTree(string directory)
    {
        try
        {
            foreach (var below in Directory.Exists(directory) ? Directory.EnumerateDirectories(directory) : [])
            {
                RemoveTree(below);
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else removes it too.
        }

        return RemoveDirectory(directory);
    }

    private static bool RemoveDirectory(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory);
            }

            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It is still used, or the tree is mounted read-only.
            return !Directory.Exists(directory);
        }
    }

    private List<int> Members() =>
    [
        .. _directories.Values.Select(directory => System.IO.Path.Combine(directory, Processes)).Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Distinct(),
    ];

    private static void MakeDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (IOException)
        {
            // Somebody has removed an empty parent in between.
            Directory.CreateDirectory(directory);
        }
    }

    /// <summary>Version 2: a controller works in a group only when each group above hands it down.</summary>
    private void Delegate(string unified)
    {
        var directory = unified;
        foreach (var part in Path.Split('/'))
        {
            File.WriteAllText(System.IO.Path.Combine(directory, "cgroup.subtree_control"), "+cpu +memory +pids");
            directory = System.IO.Path.Combine(directory, part);
        }
    }

    private string? FileOf(string controller, string file) =>
        _directories.TryGetValue(_hierarchy.Unified is null ? controller : "", out var directory) ? System.IO.Path.Combine(directory, file) : null;

    private long? Number(string controller, string file) => Read(controller, file) is [var line, ..] && long.TryParse(line, CultureInfo.InvariantCulture, out var number) ? number : null;

    private long? Counter(string controller, string file, string name) =>
        Read(controller, file).Select(line => line.Split(' ')).FirstOrDefault(fields => fields.Length == 2 && fields[0] == name) is [_, var value]
        && long.TryParse(value, CultureInfo.InvariantCulture, out var number) ? number : null;

    private string[] Read(string controller, string file)
    {
        try
        {
            return FileOf(controller, file) is { } path && File.Exists(path) ? File.ReadAllLines(path) : [];
        }
        catch (IOException)
        {
            // Removed between the question and the answer.
            return [];
        }
    }
}

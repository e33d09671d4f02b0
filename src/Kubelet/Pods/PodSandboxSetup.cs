using System.Net;
using Dataplane.Kubelet.Network;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Kubelet.Sandbox;

namespace Dataplane.Kubelet.Pods;

/// <summary>Makes a pod's sandbox: its namespaces, its network and the files that name them; and takes it away.</summary>
internal sealed class PodSandboxSetup(PodServices services)
{
    private const int LongestHostname = 63;

    /// <summary>The pod's host name.</summary>
    internal static string Hostname(Api.Pod pod)
    {
        var name = string.IsNullOrEmpty(pod.Spec.Hostname) ? pod.Metadata.Name : pod.Spec.Hostname;
        return name.Length <= LongestHostname ? name : name[..LongestHostname].TrimEnd('-', '.');
    }

    internal static ProcessScope ProcessesOf(Api.Pod pod) =>
        pod.Spec.HostPID == true ? ProcessScope.Host : pod.Spec.ShareProcessNamespace == true ? ProcessScope.Pod : ProcessScope.Container;

    internal static SandboxRequest Request(Api.Pod pod, PodServices services) => new()
    {
        Pod = new PodIdentity(pod.Metadata.UID, pod.Metadata.Namespace, pod.Metadata.Name),
        Hostname = pod.Spec.HostNetwork == true ? services.Options.NodeName : Hostname(pod),
        HostNetwork = pod.Spec.HostNetwork == true,
        HostIpc = pod.Spec.HostIPC == true,
        Processes = ProcessesOf(pod),
        Privileged = pod.Spec.Containers.Concat(pod.Spec.InitContainers).Any(one => one.SecurityContext?.Privileged == true),
        LogDirectory = services.Directories.Logs(pod.Metadata.UID),
    };

    /// <summary>The addresses of a sandbox that an earlier agent made; null when it had not come so far.</summary>
    internal IReadOnlyList<IPAddress>? AddressesOf(string uid, IPodSandbox sandbox)
    {
        if (sandbox.Addresses.Count > 0 || sandbox.Network is null)
        {
            return sandbox.Network is null ? services.Options.NodeIPs : sandbox.Addresses;
        }

        var file = services.Directories.Address(uid);
        var addresses = File.Exists(file) ? File.ReadAllLines(file).Select(line => IPAddress.TryParse(line, out var address) ? address : null).OfType<IPAddress>().ToArray() : [];
        return addresses.Length > 0 ? addresses : null;
    }

    /// <returns>The sandbox and the pod's addresses, the primary one first.</returns>
    internal async Task<(IPodSandbox Sandbox, IReadOnlyList<IPAddress> Addresses)> StartAsync(Api.Pod pod, CancellationToken cancellation)
    {
        var uid = pod.Metadata.UID;
        var request = Request(pod, services);
        Directory.CreateDirectory(Path.GetDirectoryName(services.Directories.Etc(uid, "hosts"))!);
        var sandbox = await services.Runtime.StartSandboxAsync(request, cancellation);
        try
        {
            var addresses = services.Options.NodeIPs;
            if (sandbox.Network is { } network)
            {
                PodSysctls.Apply(pod, network);
                addresses = sandbox.Addresses.Count > 0
                    ? sandbox.Addresses
                    : await services.Network.ConnectAsync(PodNetworkRequest.Of(pod), network, cancellation);
                network.EndThread();
            }

            WriteFiles(pod, request.Hostname, addresses);
            File.WriteAllLines(services.Directories.Address(uid), addresses.Select(address => address.ToString()));
            return (sandbox, addresses);
        }
        catch
        {
            await services.Network.DisconnectAsync(uid);
            await sandbox.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// The address is free for others afterwards: only once the server no longer shows it for this pod, or says that the pod has ended.
    /// </summary>
    /// <exception cref="IOException">A network plugin failed: to be tried again.</exception>
    internal async Task StopAsync(Api.Pod pod, IPodSandbox? sandbox)
    {
        try
        {
            await services.Network.DisconnectAsync(pod.Metadata.UID);
        }
        catch (IOException problem)
        {
            services.Events.Warning(pod, null, "FailedKillPod", $"error killing pod: failed to \"KillPodSandbox\" for \"{pod.Metadata.UID}\": {problem.Message}");
            throw;
        }

        if (File.Exists(services.Directories.Address(pod.Metadata.UID)))
        {
            File.Delete(services.Directories.Address(pod.Metadata.UID));
        }

        if (sandbox is not null)
        {
            await sandbox.DisposeAsync();
        }
    }

    private void WriteFiles(Api.Pod pod, string hostname, IReadOnlyList<IPAddress> addresses)
    {
        var (uid, options) = (pod.Metadata.UID, services.Options);
        var machine = File.Exists(options.ResolvConf) ? ResolvConf.Parse(File.ReadAllText(options.ResolvConf)) : new ResolvConf([], [], []);
        var resolver = ResolvConf.ForPod(pod, machine, options.ClusterDns, options.ClusterDomain, out var cut);
        if (cut is not null)
        {
            services.Events.Warning(pod, null, "DNSConfigForming", cut);
        }

        File.WriteAllText(services.Directories.Etc(uid, "resolv.conf"), resolver.ToString());
        File.WriteAllText(services.Directories.Etc(uid, "hosts"), HostsFile.Render(pod, hostname, addresses, options.ClusterDomain));
        File.WriteAllText(services.Directories.Etc(uid, "hostname"), hostname + "\n");
    }
}

using System.Globalization;
using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>securityContext of pod and container as one plan; what the container says counts more.</summary>
internal static class ContainerSecurity
{
    /// <param name="pod">The pod.</param>
    /// <param name="container">One of its containers.</param>
    /// <param name="image">Its user counts when nobody says otherwise.</param>
    /// <param name="options">What stands for an absent seccompProfile, and where profiles are.</param>
    /// <exception cref="ConfigurationException">runAsNonRoot, and it would be root; the words are upstream's.</exception>
    internal static ContainerSecurityPlan Of(Pod pod, Container container, ContainerImagePlan image, KubeletOptions options)
    {
        var (own, shared) = (container.SecurityContext ?? new SecurityContext(), pod.Spec.SecurityContext ?? new PodSecurityContext());
        var user = own.RunAsUser ?? shared.RunAsUser;
        if (own.RunAsNonRoot ?? shared.RunAsNonRoot ?? false)
        {
            CheckNotRoot(pod, container, user, image.User);
        }

        var profile = own.SeccompProfile ?? shared.SeccompProfile;
        var privileged = own.Privileged == true;
        return new ContainerSecurityPlan
        {
            Privileged = privileged,
            User = user,
            Group = own.RunAsGroup ?? shared.RunAsGroup,
            SupplementalGroups = [.. shared.SupplementalGroups, .. shared.FSGroup is { } group ? [group] : Array.Empty<long>()],
            AddCapabilities = own.Capabilities?.Add ?? [],
            DropCapabilities = own.Capabilities?.Drop ?? [],
            AllowPrivilegeEscalation = own.AllowPrivilegeEscalation ?? true,
            ReadOnlyRoot = own.ReadOnlyRootFilesystem == true,
            UnmaskedProc = own.ProcMount == "Unmasked",
            Seccomp = privileged ? SeccompMode.Unconfined : profile?.Type switch
            {
                "RuntimeDefault" => SeccompMode.RuntimeDefault,
                "Localhost" => SeccompMode.Localhost,
                "Unconfined" => SeccompMode.Unconfined,
                _ => options.SeccompDefault ? SeccompMode.RuntimeDefault : SeccompMode.Unconfined,
            },
            SeccompPath = profile is { Type: "Localhost", LocalhostProfile: { } path } ? Path.Combine(options.RootDirectory, "seccomp", path) : null,
        };
    }

    private static void CheckNotRoot(Pod pod, Container container, long? user, string imageUser)
    {
        var where = $"(pod: \"{PodContainers.NameOf(pod)}\", container: {container.Name})";
        if (user is { } number)
        {
            if (number == 0)
            {
                throw new ConfigurationException($"container's runAsUser breaks non-root policy {where}");
            }

            return;
        }

        var name = imageUser.Split(':')[0];
        if (name.Length == 0 || name == "0")
        {
            throw new ConfigurationException($"container has runAsNonRoot and image will run as root {where}");
        }

        if (!long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new ConfigurationException($"container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root {where}");
        }
    }
}

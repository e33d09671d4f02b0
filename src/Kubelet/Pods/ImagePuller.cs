using System.Diagnostics;
using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Pods;

/// <summary>Has a container's image ready, by its pull policy. Words, reasons and order are upstream's (pkg/kubelet/images).</summary>
internal sealed class ImagePuller(PodServices services)
{
    private static readonly TimeSpan ErrorShown = TimeSpan.FromSeconds(3);

    /// <returns>Null when it cannot be had; the state says why and when to try again.</returns>
    internal async Task<ContainerImagePlan?> PullAsync(Pod pod, ContainerRunState run, CancellationToken cancellation)
    {
        var (name, policy) = (run.Container.Image ?? "", PolicyOf(run.Container));
        try
        {
            if (policy != "Always" && await services.Runtime.FindImageAsync(name, cancellation) is { } present)
            {
                services.Events.Normal(pod, run.Name, "Pulled", $"Container image \"{name}\" already present on machine");
                return present;
            }

            if (policy == "Never")
            {
                var problem = $"Container image \"{name}\" is not present with pull policy of Never";
                services.Events.Warning(pod, run.Name, "ErrImageNeverPull", problem);
                services.Events.Warning(pod, run.Name, "Failed", "Error: ErrImageNeverPull");
                Wait(run, "ErrImageNeverPull", problem);
                return null;
            }

            services.Events.Normal(pod, run.Name, "Pulling", $"Pulling image \"{name}\"");
            var began = Stopwatch.GetTimestamp();
            var image = await FetchAsync(pod, name, cancellation);
            var took = $"{Stopwatch.GetElapsedTime(began).TotalMilliseconds:0}ms";
            services.Events.Normal(
                pod, run.Name, "Pulled", $"Successfully pulled image \"{name}\" in {took} ({took} including waiting). Image size: {image.Size} bytes.");
            return image;
        }
        catch (ImageException problem)
        {
            services.Events.Warning(pod, run.Name, "Failed", $"Failed to pull image \"{name}\": {problem.Message}");
            services.Events.Warning(pod, run.Name, "Failed", "Error: ErrImagePull");
            Wait(run, "ErrImagePull", problem.Message);
            run.ErrorShownUntil = services.Time.GetUtcNow() + ErrorShown;
            return null;
        }
    }

    /// <summary>With each of the pod's credentials that may do, until one does.</summary>
    private async Task<ContainerImagePlan> FetchAsync(Pod pod, string image, CancellationToken cancellation)
    {
        var problems = new List<string>();
        foreach (var credential in (await CredentialsAsync(pod, image, cancellation)).Cast<RegistryCredential?>().DefaultIfEmpty())
        {
            try
            {
                return await services.Runtime.PullImageAsync(image, credential, cancellation);
            }
            catch (ImageException problem)
            {
                problems.Add(problem.Message);
            }
        }

        throw new ImageException(problems is [var one] ? one : $"[{string.Join(", ", problems)}]");
    }

    private async Task<IReadOnlyList<RegistryCredential>> CredentialsAsync(Pod pod, string image, CancellationToken cancellation)
    {
        var (secrets, missing) = (new PullSecrets(), new List<string>());
        foreach (var name in pod.Spec.ImagePullSecrets.Select(one => one.Name).Where(one => !string.IsNullOrEmpty(one)))
        {
            try
            {
                secrets.Add((await services.Sources.SecretAsync(pod.Metadata.Namespace, name, optional: false, cancellation))!);
            }
            catch (ConfigurationException)
            {
                missing.Add(name!);
            }
            catch (FormatException problem)
            {
                throw new ImageException($"image pull secret \"{name}\": {problem.Message}", problem);
            }
        }

        if (missing.Count > 0)
        {
            services.Events.Warning(
                pod, null, "FailedToRetrieveImagePullSecret",
                $"Unable to retrieve some image pull secrets ({string.Join(", ", missing)}); attempting to pull the image may not succeed.");
        }

        return secrets.For(image);
    }

    /// <summary>The server has put the default in; a pod that comes another way may have none.</summary>
    internal static string PolicyOf(Container container)
    {
        var name = container.Image ?? "";
        var tag = name[(name.LastIndexOf('/') + 1)..].Split(':', 2);
        var latest = !name.Contains('@') && (tag.Length == 1 || tag[1] == "latest");
        return string.IsNullOrEmpty(container.ImagePullPolicy) ? (latest ? "Always" : "IfNotPresent") : container.ImagePullPolicy;
    }

    /// <summary>The first wait of the restart series is none at all, but an image does not appear at once.</summary>
    private void Wait(ContainerRunState run, string reason, string message)
    {
        var delay = run.Pulls.Next(TimeSpan.Zero);
        run.Waiting = new ContainerStateWaiting { Reason = reason, Message = message };
        run.RetryAt = services.Time.GetUtcNow() + (delay == TimeSpan.Zero ? run.Pulls.Next(TimeSpan.Zero) : delay);
    }
}

"""`Cluster`: one API server as one user. What kubectl does, as typed calls; kubectl itself is not used."""

from __future__ import annotations

from helpers.clients.kubernetes._access_commands import AccessCommands
from helpers.clients.kubernetes._write_commands import WriteCommands


class Cluster(WriteCommands, AccessCommands):
    """A Kubernetes cluster, seen by one user. Connects at the first call; safe to use from several threads.

    A *kind* is named as in kubectl: ``Deployment``, ``deployments``, ``deploy``, ``applications.argoproj.io``. A
    *namespace* of ``"*"`` means all of them; by default it is the cluster's *namespace*. Values of Secrets are masked
    in everything that comes back (`helpers.clients.kubernetes.types.reveal`).

    Args:
        user: of the course's own cluster: ``admin``, or a tenant (``vision``); the service starts if it must.
        kubeconfig: path of another kubeconfig; *user* is not used then.
        namespace: where calls go that name none.
        timeout: seconds that one request may take.
        context: of *kubeconfig*; by default its current one.

    Raises (every method):
        Unreachable: the API server does not answer. BadKubeconfig: or does not accept the credentials.
        Forbidden: RBAC says no. KubernetesError: its subclasses tell the rest; see `helpers.clients.kubernetes.errors`.
    """

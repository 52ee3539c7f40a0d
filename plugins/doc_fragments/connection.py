# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of every module that speaks to a cluster: how to reach it and as whom."""

from __future__ import annotations


class ModuleDocFragment:
    """Named and set from the environment as in kubernetes.core."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig on the host where the module runs, or its content as a mapping or text.
      - Without it, and without O(host), the files in the variable E(KUBECONFIG), then C(~/.kube/config), then the service
        account of the pod are used.
      - Can also be set by the variable E(K8S_AUTH_KUBECONFIG).
    type: raw
  kubeconfig_content:
    description: Content of a kubeconfig as text, which is never shown. Content in O(kubeconfig) travels this way.
    type: str
  context:
    description:
      - Context of the kubeconfig; by default its current context.
      - Can also be set by the variable E(K8S_AUTH_CONTEXT).
    type: str
  host:
    description:
      - URL of the API server; takes the place of the one in the kubeconfig.
      - Can also be set by the variable E(K8S_AUTH_HOST).
    type: str
  api_key:
    description:
      - Bearer token.
      - Can also be set by the variable E(K8S_AUTH_API_KEY).
    type: str
  username:
    description:
      - User of an OpenShift cluster, whose OAuth server gives a token for O(username) and O(password). The token is revoked when
        the task ends. O(ca_cert) must hold the authority of that server too.
      - At any other API server they are sent by basic authentication, which only a proxy in front of it understands.
      - Can also be set by the variable E(K8S_AUTH_USERNAME).
    type: str
  password:
    description:
      - Password for O(username).
      - Can also be set by the variable E(K8S_AUTH_PASSWORD).
    type: str
  validate_certs:
    description:
      - Whether the certificate of the API server must be valid. By default it must, unless the kubeconfig says otherwise.
      - Can also be set by the variable E(K8S_AUTH_VERIFY_SSL).
    type: bool
    aliases: [verify_ssl]
  ca_cert:
    description:
      - File with the certificate authority of the API server.
      - Can also be set by the variable E(K8S_AUTH_SSL_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description:
      - File with the client's certificate.
      - Can also be set by the variable E(K8S_AUTH_CERT_FILE).
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - File with the client's key.
      - Can also be set by the variable E(K8S_AUTH_KEY_FILE).
    type: path
    aliases: [key_file]
  proxy:
    description:
      - URL of an HTTP proxy; by default the one in the kubeconfig, then the variable E(HTTPS_PROXY).
      - Can also be set by the variable E(K8S_AUTH_PROXY).
    type: str
  no_proxy:
    description:
      - Hosts and domains that are reached without O(proxy), separated by commas; by default the variable E(NO_PROXY).
      - Can also be set by the variable E(K8S_AUTH_NO_PROXY).
    type: str
  proxy_headers:
    description: Headers for the proxy.
    type: dict
    suboptions:
      basic_auth:
        description:
          - C(username:password) for basic authentication at the API server behind the proxy.
          - Can also be set by the variable E(K8S_AUTH_PROXY_HEADERS_BASIC_AUTH).
        type: str
      proxy_basic_auth:
        description:
          - C(username:password) for basic authentication at the proxy.
          - Can also be set by the variable E(K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH).
        type: str
      user_agent:
        description:
          - User-Agent for the proxy.
          - Can also be set by the variable E(K8S_AUTH_PROXY_HEADERS_USER_AGENT).
        type: str
  persist_config:
    description:
      - Whether tokens that an auth provider renewed are written back to the kubeconfig.
      - Can also be set by the variable E(K8S_AUTH_PERSIST_CONFIG).
    type: bool
  impersonate_user:
    description:
      - User to act as.
      - Can also be set by the variable E(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description:
      - Groups to act as.
      - Can also be set by the variable E(K8S_AUTH_IMPERSONATE_GROUPS), separated by commas.
    type: list
    elements: str
requirements:
  - PyYAML
  - urllib3
  - kubernetes >= 31.0.0 (for kubeconfigs with exec plugins or auth providers)
  - jmespath (for readiness rules of your own)
  - requests-oauthlib >= 1.4.0 (for O(username) and O(password) at OpenShift)
"""

# One scenario a lecture or lab; each is loaded at its first use.
from helpers.course.scenarios import approval as approval
from helpers.course.scenarios import audit as audit
from helpers.course.scenarios import build_platform as build_platform
from helpers.course.scenarios import controls as controls
from helpers.course.scenarios import drift as drift
from helpers.course.scenarios import incident as incident
from helpers.course.scenarios import onboarding as onboarding
from helpers.course.scenarios import pyramid as pyramid
from helpers.course.scenarios import releasing as releasing
from helpers.course.scenarios import scale as scale
from helpers.course.scenarios import secrets as secrets
from helpers.course.scenarios import signing as signing
from helpers.course.scenarios import story as story
from helpers.course.scenarios import tenants as tenants
from helpers.course.scenarios import training as training
from helpers.course.scenarios import twins as twins

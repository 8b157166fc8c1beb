"""The admin site's name, the brake on guessing at its door, and what it does not show."""

from django.contrib import admin
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from voiceassist.accounts import AdminSignInForm

admin.site.site_header = "VoiceAssist"
admin.site.site_title = "VoiceAssist admin"
admin.site.index_title = "Conversations and accounts"
admin.site.login_form = AdminSignInForm

# The library's own pages show everybody's refresh tokens, which open everybody's account.
admin.site.unregister((OutstandingToken, BlacklistedToken))
